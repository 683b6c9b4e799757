"""Description of a network: what parameters and data make of it, and whether weights fit it."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from skrnn.windows._missing_steps import rows_with_missing_steps

# TensorFlow, which trains with the engine "keras", counts in 32 bits.
LARGEST_SIZE = 2**31 - 1
# Fields that may change between fits with warm_start=True: the shapes of the weights do not
# depend on them.
_CHANGEABLE_FIELDS = {
    *("masked", "dropout", "recurrent_dropout"),
    *("activation", "kernel_regularizer", "memory_steps"),
}


def describe_network(estimator: Any, X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Return the fields of the network that an estimator trains on validated rows.

    Parameters
    ----------
    estimator : BaseRecurrentEstimator
        Its parameters and hooks describe the cell and the outputs.

    X, y : ndarray
        Validated rows.
    """
    units = estimator.units if isinstance(estimator.units, tuple | list) else (estimator.units,)
    if not units or not all(isinstance(n, Integral) and 1 <= int(n) <= LARGEST_SIZE for n in units):
        raise ValueError(
            f"units={estimator.units!r} is not an int or a non-empty sequence of ints from 1 to "
            f"{LARGEST_SIZE}. Give the units of each stacked layer, such as 50 or (50, 50)."
        )
    makes_steps = estimator.architecture in ("vector_to_sequence", "encoder_decoder")
    return {
        "units": tuple(int(n) for n in units),
        "n_features": X.shape[-1],
        "embedding_dim": estimator.embedding_dim,
        "n_symbols": None if estimator.embedding_dim is None else estimator._n_symbols,
        "architecture": estimator.architecture,
        "n_steps": y.shape[1] if makes_steps else None,
        "bidirectional": estimator.bidirectional,
        "linear_skip": False,
        "quantiles": None,
        "n_timesteps": X.shape[1] if estimator._has_fixed_length() else None,
        "output_activation": "linear",
        "masked": bool(rows_with_missing_steps(X).any()),
        "dropout": estimator.dropout,
        "recurrent_dropout": estimator.recurrent_dropout,
        "activation": estimator.activation,
        "kernel_regularizer": estimator.kernel_regularizer,
        "memory_steps": None,
        "cell_options": (),
        **estimator._describe_cell(),
        **estimator._describe_head(),
    }


def refuse_other_network(kept: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse to continue training if the kept weights belong to another network.

    Parameters
    ----------
    kept : dict
        Fields of the fitted network.

    wanted : dict
        Fields of the network to train, all or some of them.
    """
    for name, value in wanted.items():
        if name not in _CHANGEABLE_FIELDS and value != kept[name]:
            raise ValueError(
                f"Training cannot continue: {name} is {value!r}, but the kept weights were trained "
                f"with {kept[name]!r}. Change {name} back, or fit with warm_start=False."
            )


def make_network(fields: dict[str, Any]) -> Any:
    """Return the `Network` of a description."""
    # Imports Numba, which takes time.
    from skrnn._network.network import Network
    from skrnn._network.normalization import Normalization

    normalization = fields.get("normalization")
    return Network(**fields | {"normalization": normalization and Normalization(**normalization)})
