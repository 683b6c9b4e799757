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
    """Rows with labels, since the file also holds labels that a window keeps."""
    return series.to_frame()


@pytest.fixture
def pipe(network, rows, series):
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(4), network)
    return pipe.set_output(transform="pandas").fit(rows[:45], series[:45])


def test_a_pipeline_that_was_written_and_read_predicts_the_same_bit_for_bit(pipe, rows):
    written = skops.io.dumps(pipe)
    untrusted = skops.io.get_untrusted_types(data=written)
    # All untrusted types are types of skrnn.
    assert sorted(untrusted) == [
        "skrnn.estimators._regressors.RNNRegressor",
        "skrnn.windows._transformer.SlidingWindowTransformer",
    ]
    read = skops.io.loads(written, trusted=untrusted)
    assert_array_equal(read.predict(rows[45:]), pipe.predict(rows[45:]))
    # The optimizer state is in the file, too, so training continues in the same way.
    windows = pipe[:-1].transform(rows)
    for network in (read[-1], pipe[-1]):
        network.partial_fit(windows, rows["price"])
    assert_array_equal(read.predict(rows[45:]), pipe.predict(rows[45:]))


def test_types_that_are_not_trusted_are_refused(pipe):
    with pytest.raises(UntrustedTypesFoundException, match="skrnn"):
        skops.io.loads(skops.io.dumps(pipe))
