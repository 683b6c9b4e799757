"""Engine of a fitted network: skrnn's kernels or Keras compute its outputs and its loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn._config import get_config
from skrnn.estimators._tensorflow_import import import_fitting


def has_kernels(network: Any) -> bool:
    """Return whether kernels compute a network: they know most activations of Keras."""
    from skrnn._network.activations import find_activation_number

    return find_activation_number(network.activation) is not None


def compute_outputs(network: Any, weights: list[np.ndarray], X: np.ndarray) -> np.ndarray:
    """Return the outputs of a network for validated rows, as float32.

    Raises
    ------
    ValueError
        If outputs are NaN or infinite.
    """
    if get_config()["engine"] == "keras" or not has_kernels(network):
        import_fitting()
        from skrnn._keras.keras_model import predict
    else:
        from skrnn._network.prediction import predict
    outputs = predict(network, weights, X)
    if not np.isfinite(outputs).all():
        is_finite = np.isfinite(outputs.reshape(len(X), -1)).all(axis=1)
        raise ValueError(
            f"The network's outputs are NaN or infinite in {np.count_nonzero(~is_finite)} of "
            f"{len(X)} rows of X, whose largest absolute value is "
            f"{np.nanmax(np.abs(X[~is_finite])):.3g}. Scale X as for fit (StandardScaler), or fit "
            "with a smaller learning_rate or the default activation."
        )
    return outputs


def make_batch_loss(loss: Any, scale: Any, network: Any, rows: Any) -> Any:
    """Return an object that computes a loss, by kernels if they know the loss, else by Keras.

    Parameters
    ----------
    loss : str, callable or Keras loss
        The estimator's parameter.

    scale : tuple of ndarray or None
        Factor and offset that put outputs into the units of y.

    network : Network
        The network.

    rows : Rows
        Encoded rows that the network is trained on.
    """
    from skrnn._network import losses

    made = losses.make_loss(loss, scale, network.output_activation)
    if made is not None:
        return made
    import_fitting()
    from skrnn._keras.losses import make_keras_loss

    return make_keras_loss(loss, scale, network, rows)
