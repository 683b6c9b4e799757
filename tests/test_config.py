"""The engine is a setting of the process, of a block of code, and of a thread."""

import functools
import threading

import keras
import numpy as np
import pytest

import skrnn
from skrnn import RNNRegressor, config_context, get_config, set_config


@pytest.fixture(autouse=True)
def _default_engine():
    """Leave the process as it was found, even if a test fails half way."""
    yield
    set_config(engine="auto")


def in_thread(function):
    """Return what a function returns in a new thread."""
    returned = []
    thread = threading.Thread(target=lambda: returned.append(function()))
    thread.start()
    thread.join()
    return returned[0]


def test_the_engine_is_auto_by_default():
    assert get_config() == {"engine": "auto"}


def test_set_config_holds_until_it_is_called_again():
    set_config(engine="keras")
    assert get_config() == {"engine": "keras"}
    set_config(engine="auto")
    assert get_config() == {"engine": "auto"}


def test_set_config_without_arguments_changes_nothing():
    set_config(engine="keras")
    set_config()
    assert get_config() == {"engine": "keras"}


def test_what_get_config_returns_is_a_copy():
    get_config()["engine"] = "keras"
    assert get_config() == {"engine": "auto"}
    with config_context(engine="keras"):
        get_config()["engine"] = "auto"
        assert get_config() == {"engine": "keras"}


def test_a_context_ends_with_its_block():
    with config_context(engine="keras"):
        assert get_config() == {"engine": "keras"}
    assert get_config() == {"engine": "auto"}


def test_the_inner_of_two_contexts_holds():
    with config_context(engine="keras"):
        with config_context(engine="auto"):
            assert get_config() == {"engine": "auto"}
        assert get_config() == {"engine": "keras"}


def test_a_context_without_arguments_keeps_that_around_it():
    with config_context(engine="keras"), config_context():
        assert get_config() == {"engine": "keras"}


def test_a_context_ends_with_an_exception_too():
    with pytest.raises(KeyError), config_context(engine="keras"):
        raise KeyError
    assert get_config() == {"engine": "auto"}


def test_a_context_overrides_the_setting_of_the_process():
    with config_context(engine="keras"):
        set_config(engine="auto")
        assert get_config() == {"engine": "keras"}
    assert get_config() == {"engine": "auto"}


def test_after_a_context_the_current_setting_of_the_process_applies():
    with config_context(engine="keras"):
        set_config(engine="keras")
    assert get_config() == {"engine": "keras"}


@pytest.mark.parametrize("engine", ["torch", "Keras", "", 3])
def test_an_unknown_engine_is_refused_in_words_that_name_the_known(engine):
    message = f'engine={engine!r} is not known. Give "auto" or "keras".'
    with pytest.raises(ValueError, match="is not known") as raised:
        set_config(engine=engine)
    assert str(raised.value) == message
    with pytest.raises(ValueError, match="is not known") as raised, config_context(engine=engine):
        pytest.fail("the block was entered")
    assert str(raised.value) == message
    assert get_config() == {"engine": "auto"}


def test_a_setting_is_not_taken_by_position():
    with pytest.raises(TypeError):
        set_config("keras")


def test_a_context_is_that_of_its_thread_only():
    with config_context(engine="keras"):
        assert in_thread(get_config) == {"engine": "auto"}


def test_contexts_of_two_threads_are_independent():
    entered, may_leave = threading.Event(), threading.Event()
    seen = []

    def hold():
        with config_context(engine="keras"):
            entered.set()
            may_leave.wait(60)
            seen.append(get_config())

    thread = threading.Thread(target=hold)
    thread.start()
    assert entered.wait(60)
    outside = get_config()
    with config_context(engine="auto"):
        may_leave.set()
        thread.join()
    assert outside == {"engine": "auto"}
    assert seen == [{"engine": "keras"}]


def test_set_config_is_seen_by_other_threads():
    set_config(engine="keras")
    assert in_thread(get_config) == {"engine": "keras"}
    in_thread(lambda: set_config(engine="auto"))
    assert get_config() == {"engine": "auto"}


def test_the_settings_are_public():
    assert {"config_context", "get_config", "set_config"} <= set(skrnn.__all__)


# Effects of the setting

rng = np.random.default_rng(0)
X = rng.normal(size=(12, 3))
Y = rng.normal(size=12)


class Notes(keras.callbacks.Callback):
    """Notes which model is trained, and where its layers come from."""

    def on_train_begin(self, logs=None):
        self.model_type = type(self.model).__name__
        self.packages = {type(layer).__module__.split(".")[0] for layer in self.model.layers}


@pytest.mark.parametrize(("engine", "expected"), [("keras", "KerasModel"), ("auto", "KernelModel")])
def test_the_engine_decides_which_model_is_trained(engine, expected):
    model = RNNRegressor(7, epochs=1, batch_size=5, random_state=0, callbacks=[Notes()])
    with config_context(engine=engine):
        model.fit(X, Y)
    assert model.callbacks[0].model_type == expected
    # With either engine, callbacks see Keras' own layers.
    assert model.callbacks[0].packages == {"keras"}


@pytest.mark.parametrize(("engine", "n_calls"), [("keras", 1), ("auto", 0)])
def test_the_engine_decides_what_predicts(engine, n_calls, monkeypatch):
    model = RNNRegressor(7, epochs=1, batch_size=5, random_state=0).fit(X, Y)
    calls = []
    called = keras.layers.SimpleRNN.call

    @functools.wraps(called)
    def note(self, *arguments, **options):
        # Keras calls a layer once to build the model, on symbols, and then on numbers.
        calls.append(not isinstance(arguments[0], keras.KerasTensor))
        return called(self, *arguments, **options)

    monkeypatch.setattr(keras.layers.SimpleRNN, "call", note)
    with config_context(engine=engine):
        predicted = model.predict(X)
    assert sum(calls) == n_calls
    np.testing.assert_allclose(predicted, model.predict(X), rtol=1e-4, atol=1e-6)
