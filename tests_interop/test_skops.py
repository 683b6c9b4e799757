"""skops 0.16 writes estimators to a file and reads them; `skrnn.save` and `skrnn.load` use it."""

import pytest
import skops.io
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skops.io.exceptions import UntrustedTypesFoundException

from skrnn import SlidingWindowTransformer


@pytest.fixture
def rows(series):
    """Labeled rows, so that what a window keeps of their labels is in the file, too."""
    return series.to_frame()


@pytest.fixture
def pipe(network, rows, series):
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(4), network)
    return pipe.set_output(transform="pandas").fit(rows[:45], series[:45])


def test_a_pipeline_that_was_written_and_read_predicts_the_same_bit_for_bit(pipe, rows):
    written = skops.io.dumps(pipe)
    untrusted = skops.io.get_untrusted_types(data=written)
    # Ours and nothing else, so that whoever trusts skrnn may trust all of it.
    assert sorted(untrusted) == [
        "skrnn.estimators._regressors.RNNRegressor",
        "skrnn.windows._transformer.SlidingWindowTransformer",
    ]
    read = skops.io.loads(written, trusted=untrusted)
    assert_array_equal(read.predict(rows[45:]), pipe.predict(rows[45:]))
    # Not only what predicts: training goes on from the same optimizer state.
    windows = pipe[:-1].transform(rows)
    for network in (read[-1], pipe[-1]):
        network.partial_fit(windows, rows["price"])
    assert_array_equal(read.predict(rows[45:]), pipe.predict(rows[45:]))


def test_what_is_not_trusted_is_not_read(pipe):
    with pytest.raises(UntrustedTypesFoundException, match="skrnn"):
        skops.io.loads(skops.io.dumps(pipe))
