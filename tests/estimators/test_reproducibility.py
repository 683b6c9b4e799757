"""Seeds are local: they decide everything in an estimator, and nothing outside it."""

import random
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

# There is no public way to make the global generator anew, and to read the switch.
from keras.src.backend.common.global_state import set_global_attribute
from numpy.testing import assert_array_equal
from sklearn.base import clone
from tensorflow.python.framework.config import is_op_determinism_enabled

from skrnn import RNNRegressor


def seed_globals(seed):
    # The global generator is what is tested.
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)
    tf.random.set_seed(seed)
    keras.utils.set_random_seed(seed)
    # Older Keras continues with its own generator.
    set_global_attribute("global_seed_generator", None)


def draw_from_globals():
    return {
        "numpy": np.random.random(4),  # noqa: NPY002
        "python": [random.random() for _ in range(4)],
        "tensorflow": tf.random.uniform((4,)).numpy(),
        "keras": keras.ops.convert_to_numpy(keras.random.uniform((4,))),
    }


@pytest.fixture(scope="module")
def again(fitted_pipeline, series):
    """A second fit of the same pipeline, between other global seeds. Not to be fitted again."""
    seed_globals(7)
    without_fit = draw_from_globals()
    seed_globals(7)
    determinism = is_op_determinism_enabled()
    pipe = clone(fitted_pipeline).fit(series, series[:, 0])
    return SimpleNamespace(
        pipe=pipe,
        determinism=(determinism, is_op_determinism_enabled()),
        draws=(without_fit, draw_from_globals()),
    )


@pytest.fixture(scope="module")
def unseeded(again, series):
    """Two fits without a seed, after two with one, from the same global seeds."""
    pipes = []
    for _ in range(2):
        seed_globals(7)
        pipe = clone(again.pipe).set_params(model__random_state=None)
        pipes.append(pipe.fit(series, series[:, 0]))
    return pipes


def test_same_seed_gives_the_same_bits_whatever_the_global_generators_hold(
    fitted_pipeline, again, series
):
    assert_array_equal(again.pipe.predict(series), fitted_pipeline.predict(series))
    assert again.pipe[-1].history_ == fitted_pipeline[-1].history_


def test_same_seed_gives_the_same_bits_in_another_process(fitted_pipeline, second_process, series):
    assert_array_equal(second_process.predictions, fitted_pipeline.predict(series))


@pytest.mark.parametrize("generator", ["numpy", "python", "tensorflow", "keras"])
def test_global_generators_draw_what_they_would_have_drawn_without_the_fit(again, generator):
    without_fit, after_fit = again.draws
    assert_array_equal(after_fit[generator], without_fit[generator])


def test_determinism_switch_of_tensorflow_stays_off(again):
    assert again.determinism == (False, False)


def test_unseeded_fits_differ_though_the_global_seeds_are_equal(unseeded, series):
    first, second = (pipe.predict(series) for pipe in unseeded)
    assert np.isfinite(first).all()
    assert np.isfinite(second).all()
    assert not np.array_equal(first, second)


def test_unseeded_initial_weights_differ(series):
    # Without dropout or shuffle, in one batch, the first loss is that of the initial weights.
    model = RNNRegressor(2, epochs=1, batch_size=60, shuffle=False)
    first, second = (clone(model).fit(series, series).history_["loss"] for _ in range(2))
    assert first != second


@pytest.fixture(scope="module")
def with_instance(fitted_pipeline, series):
    """Predictions of two fits that draw from the same RandomState(0), one after the other."""
    # Not a clone after this line: it would copy the instance.
    pipe = clone(fitted_pipeline).set_params(model__random_state=np.random.RandomState(0))
    return [pipe.fit(series, series[:, 0]).predict(series) for _ in range(2)]


def test_random_state_instance_seeds_as_its_int_does(with_instance, fitted_pipeline, series):
    assert_array_equal(with_instance[0], fitted_pipeline.predict(series))


def test_random_state_instance_is_advanced_by_a_fit(with_instance):
    assert not np.array_equal(*with_instance)
