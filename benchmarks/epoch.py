"""Seconds of an epoch: 4 x 50 and 1 x 50 units, 60 steps, 1,198 windows, batch 32.

The first epoch includes tracing and is left out, so the result is the cost of a long fit. Each
network has its own process, in which the competitors take turns with a few epochs. The matrix
products alone are the lower limit for all competitors, without gates, dropout, Adam and overhead.
They are computed with the threads of skrnn, which splits large batches into two halves.
"""

from __future__ import annotations

import time
from statistics import median

import competitors
import numpy as np
from timing import Comparison, call_in_fresh_process, compare, interleave, seconds_of

N_STEPS, UNITS, BATCH_SIZE, DROPOUT = 60, 50, 32, 0.2
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
LIMIT = "matrix products alone"
# Maximum ratio to PyTorch, by cell and number of layers.
AT_MOST = {"LSTM": {4: 0.5, 1: 0.55}, "GRU": {4: 0.2, 1: 0.2}, "RNN": {4: 0.25, 1: 0.25}}
AT_MOST_PRODUCTS = 1.5


def measure(*, quick: bool) -> list[Comparison]:
    comparisons = []
    for n_layers in (4, 1):
        for cell in GATES:
            seconds = call_in_fresh_process(
                "epoch",
                "fit_in_turns",
                cell=cell,
                n_layers=n_layers,
                n_windows=96 if quick else 1198,
                epochs=2 if quick else 4,
                n_rounds=1 if quick else 5,
            )
            ours = seconds.pop("skrnn")
            work = f"epoch, {n_layers} x {UNITS} {cell}"
            at_most = {"PyTorch": AT_MOST[cell][n_layers], LIMIT: AT_MOST_PRODUCTS}
            comparisons += [
                compare(work, name, ours, others, at_most.get(name))
                for name, others in seconds.items()
            ]
    return comparisons


def fit_in_turns(
    cell: str, n_layers: int, n_windows: int, epochs: int, n_rounds: int
) -> dict[str, list[float]]:
    """Return the median seconds of an epoch, by competitor and round."""
    X, y = competitors.noisy_waves(n_windows, N_STEPS)
    network = {"cell": cell, "units": UNITS, "n_layers": n_layers, "dropout": DROPOUT}

    def typical_epoch(seconds: list[float]) -> float:
        return median(seconds[1:])

    EpochTimer = epoch_timer_class()
    estimator = competitors.skrnn_estimator(
        cell, (UNITS,) * n_layers, DROPOUT, epochs=epochs, callbacks=[EpochTimer()]
    )
    keras_model = competitors.keras_model(**network)
    torch_loop = competitors.TorchLoop(**network)

    def fit_skrnn() -> float:
        return typical_epoch(estimator.fit(X, y).callbacks[0].seconds)

    def fit_keras() -> float:
        timer = EpochTimer()
        keras_model.fit(X, y, epochs=epochs, verbose=0, callbacks=[timer])
        return typical_epoch(timer.seconds)

    turns = {
        "skrnn": fit_skrnn,
        "raw Keras": fit_keras,
        "PyTorch": lambda: typical_epoch(torch_loop.fit(X, y, epochs)),
        LIMIT: lambda: seconds_of_products(GATES[cell], n_layers, n_windows),
    }
    # One cell is enough to measure the overhead of the wrappers of Keras and PyTorch.
    if cell == "LSTM":
        # With warm_start, scikeras keeps its model, so the model is not traced again.
        scikeras_estimator = competitors.scikeras_estimator(
            epochs=epochs,
            warm_start=True,
            callbacks=EpochTimer,
            **{f"model__{name}": value for name, value in network.items()},
        )
        skorch_estimator = competitors.skorch_estimator(
            max_epochs=epochs, **{f"module__{name}": value for name, value in network.items()}
        )

        def fit_scikeras() -> float:
            scikeras_estimator.fit(X, y)
            return typical_epoch(scikeras_estimator._fit_callbacks[0].seconds)

        def fit_skorch() -> float:
            return typical_epoch(skorch_estimator.fit(X, y[:, None]).history[:, "dur"])

        turns |= {"scikeras": fit_scikeras, "skorch": fit_skorch}
    first = interleave(turns, 1)
    # Keras is slow, so its only fit is compared with the fit of skrnn in the same round.
    more = interleave({name: turn for name, turn in turns.items() if "ras" not in name}, n_rounds)
    return {name: rounds + more.get(name, []) for name, rounds in first.items()}


def epoch_timer_class():
    """Return the class of a Keras callback that measures the seconds of each epoch."""
    import keras

    class EpochTimer(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.seconds = []

        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds.append(time.perf_counter() - self.start)

    return EpochTimer


def seconds_of_products(n_gates: int, n_layers: int, n_windows: int) -> float:
    """Return the seconds of the matrix products of one epoch, with the threads of skrnn."""
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import threadpool_limits

    from skrnn._network.training import is_worth_splitting

    n_full, n_last = divmod(n_windows, BATCH_SIZE)
    sizes = [BATCH_SIZE] * n_full + ([n_last] if n_last else [])
    n_weights = n_layers * 2 * UNITS * n_gates * UNITS
    # With two BLAS threads, products of this size are several times slower.
    with threadpool_limits(1):
        if not is_worth_splitting(n_weights, N_STEPS, BATCH_SIZE):
            return seconds_of(lambda: _multiply_epoch(sizes, n_gates * UNITS, n_layers))
        halves = [[(size + half) // 2 for size in sizes] for half in range(2)]
        with ThreadPoolExecutor(2) as pool:
            return seconds_of(
                lambda: list(
                    pool.map(lambda each: _multiply_epoch(each, n_gates * UNITS, n_layers), halves)
                )
            )


def _multiply_epoch(batch_sizes: list[int], width: int, n_layers: int) -> None:
    recurrent_kernel = np.ones((UNITS, width), np.float32)
    buffers = {
        size: (
            np.ones((N_STEPS, size, UNITS), np.float32),
            np.ones((N_STEPS, size, width), np.float32),
        )
        for size in set(batch_sizes)
    }
    for size in batch_sizes:
        states, gradients = buffers[size]
        flat_states = states.reshape(-1, UNITS)
        flat_gradients = gradients.reshape(-1, width)
        for layer in range(n_layers):
            inputs = flat_states if layer else flat_states[:, :1]
            kernel = recurrent_kernel[: inputs.shape[1]]
            inputs @ kernel
            for state in states:
                state @ recurrent_kernel
            for gradient in gradients:
                gradient @ recurrent_kernel.T
            flat_states.T @ flat_gradients
            inputs.T @ flat_gradients
            # The first layer needs no gradient of its inputs.
            if layer:
                flat_gradients @ kernel.T
