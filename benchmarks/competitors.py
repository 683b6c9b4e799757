"""Competitors: the same networks in raw Keras, scikeras, PyTorch, skorch and skrnn, and their data.

Each network is written as in the documentation of its library, with the default parameters. Each
function imports its own libraries, so a process loads only the measured library. Call
`import_libraries` before the clock starts.
"""

from __future__ import annotations

import importlib
import time
import warnings

import numpy as np

LIBRARIES = {
    # skrnn imports TensorFlow and Numba in the first fit.
    "skrnn": ("skrnn", "numba", "keras", "scikeras.wrappers"),
    "raw Keras": ("keras",),
    "scikeras": ("keras", "scikeras.wrappers"),
    # PyTorch imports its compiler, which takes seconds, when the first optimizer is made.
    "PyTorch": ("torch", "torch._dynamo"),
    "skorch": ("torch", "torch._dynamo", "skorch"),
}


def import_libraries(competitor: str) -> None:
    for name in LIBRARIES[competitor]:
        importlib.import_module(name)
    if competitor == "skrnn":
        from numba.core.registry import cpu_target

        # Numba imports most of its modules when the first kernel is compiled.
        cpu_target.target_context.refresh()


def noisy_waves(n_windows: int, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return windows of shape (n_windows, n_steps, 1) and the value after each, as float32."""
    rng = np.random.default_rng(0)
    series = np.sin(0.1 * np.arange(n_windows + n_steps)) + rng.normal(0, 0.1, n_windows + n_steps)
    windows = np.lib.stride_tricks.sliding_window_view(series.astype(np.float32), n_steps)
    return np.ascontiguousarray(windows[:-1, :, None]), series[n_steps:].astype(np.float32)


def skrnn_estimator(cell: str, units: tuple[int, ...], dropout: float, **params):
    import skrnn

    estimators = {
        "LSTM": skrnn.LSTMRegressor,
        "GRU": skrnn.GRURegressor,
        "RNN": skrnn.RNNRegressor,
    }
    return estimators[cell](units=units, dropout=dropout, random_state=0, **params)


def keras_model(
    cell: str = "LSTM", units=50, n_layers: int = 1, dropout: float = 0.2, n_steps: int = 60
):
    """Return a compiled Sequential model. scikeras uses this function, too."""
    import keras

    layer = {"LSTM": keras.layers.LSTM, "GRU": keras.layers.GRU, "RNN": keras.layers.SimpleRNN}
    model = keras.Sequential([keras.layers.Input((n_steps, 1))])
    for number in range(n_layers):
        model.add(layer[cell](units, return_sequences=number < n_layers - 1))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(1))
    model.compile(optimizer="adam", loss="mean_squared_error")
    return model


def scikeras_estimator(**params):
    # Without random_state, since scikeras would make TensorFlow deterministic and slower.
    from scikeras.wrappers import KerasRegressor

    return KerasRegressor(model=keras_model, batch_size=32, verbose=0, **params)


def torch_module_class():
    """Return the class of the PyTorch network. It is made here, since torch is imported here."""
    import torch

    class RecurrentModule(torch.nn.Module):
        def __init__(
            self, cell: str = "LSTM", units: int = 50, n_layers: int = 1, dropout: float = 0.2
        ):
            super().__init__()
            # PyTorch applies dropout between layers only, and warns if there is one layer.
            between = dropout if n_layers > 1 else 0.0
            layer = getattr(torch.nn, cell)
            self.recurrent = layer(1, units, n_layers, batch_first=True, dropout=between)
            self.dropout = torch.nn.Dropout(dropout)
            self.output = torch.nn.Linear(units, 1)

        def forward(self, windows):
            states, _ = self.recurrent(windows)
            return self.output(self.dropout(states[:, -1]))

    return RecurrentModule


class TorchLoop:
    """A plain training loop: shuffled batches, Adam, mean squared error."""

    def __init__(self, cell: str, units: int, n_layers: int, dropout: float) -> None:
        import torch

        torch.manual_seed(0)
        self.module = torch_module_class()(cell, units, n_layers, dropout)
        self.optimizer = torch.optim.Adam(self.module.parameters())
        self.loss = torch.nn.MSELoss()

    def fit(self, X: np.ndarray, y: np.ndarray, epochs: int) -> list[float]:
        """Train, and return the seconds of each epoch."""
        import torch

        windows, targets = torch.from_numpy(X), torch.from_numpy(y[:, None])
        self.module.train()
        seconds = []
        for _ in range(epochs):
            start = time.perf_counter()
            for batch in torch.randperm(len(windows)).split(32):
                self.optimizer.zero_grad()
                self.loss(self.module(windows[batch]), targets[batch]).backward()
                self.optimizer.step()
            seconds.append(time.perf_counter() - start)
        return seconds


def skorch_estimator(**params):
    import torch
    from skorch import NeuralNetRegressor

    torch.manual_seed(0)
    # skorch warns that a class made in a function cannot be pickled, which is not needed here.
    warnings.filterwarnings("ignore", module="skorch")
    return NeuralNetRegressor(
        torch_module_class(),
        optimizer=torch.optim.Adam,
        lr=0.001,
        batch_size=32,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
        **params,
    )
