"""Predictions by compiled programs that take the weights as an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from skrnn._absent import predict_by_presence
from skrnn._engine import layers
from skrnn._engine.blocks import count_fitting
from skrnn._engine.programs import NotCompilableError, Program
from skrnn._networks import Network, build_model, without_training

# The last digit of a product depends on how many rows are multiplied at once, so that number is
# always this: few enough for one row to be quick, and enough for many rows to be.
_ROWS = 8
# A single row is handed over in as much memory as this many blocks.
_MAX_BLOCKS = 32

Tensor = Any


def predict(network: Network, weights: Sequence[np.ndarray], X: np.ndarray) -> np.ndarray:
    """Return the outputs of a network for each row, the same whatever rows come with it.

    Nothing is assigned, so that threads need no lock.

    Parameters
    ----------
    network : Network
        The network; its dropout and regularizer are of no account.

    weights : list of ndarray
        Its weights.

    X : ndarray of shape (n_samples, ...)
        What the network takes, of any float type.

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
        float32.

    Raises
    ------
    NotCompilableError
        If there is no program for this network.
    """
    # One program serves every candidate of a search over what acts in training only.
    network = without_training(network)

    def predict_rows(masked: bool, rows: np.ndarray) -> np.ndarray:
        return _predict_rows(replace(network, masked=masked), weights, X, rows)

    return predict_by_presence(X, predict_rows)


def _predict_rows(
    network: Network, weights: Sequence[np.ndarray], X: np.ndarray, positions: np.ndarray
) -> np.ndarray:
    """Return the outputs for the rows at these positions."""
    try:
        program = _make_program(network, X.shape[1:])
    except TypeError as error:  # an activation that cannot be hashed
        raise NotCompilableError(str(error)) from error
    n_rows = _ROWS * min(_MAX_BLOCKS, count_fitting(_ROWS * X[0].size))
    # One array for all: each argument takes longer to hand over than ten steps to compute.
    argument = np.concatenate(
        [
            np.zeros(n_rows * X[0].size, np.float32),
            *(np.ravel(array) for array in weights),
            np.zeros(1, np.float32),
        ],
        dtype=np.float32,
    )
    program.prepare(argument)
    rows = argument[: n_rows * X[0].size].reshape(n_rows, *X.shape[1:])
    outputs = []
    for first in range(0, len(positions), n_rows):
        part = X[positions[first : first + n_rows]]
        rows[: len(part)] = part
        argument[-1] = -(-len(part) // _ROWS)
        done = program(argument).numpy()
        outputs.append(done.reshape(-1, *done.shape[2:])[: len(part)])
    return np.concatenate(outputs)


# Sixteen serve a search, whose candidates come one by one.
@lru_cache(maxsize=16)
def _make_program(network: Network, shape: tuple[int, ...]) -> Program:
    """Return a program for blocks of rows of this shape."""
    model = build_model(network, layers)
    weight_shapes = [weight.shape for weight in model.weights]
    sizes = [np.prod(shape, dtype=int) for shape in weight_shapes]
    constants = [np.asarray(variable) for variable in model.non_trainable_variables]

    def run(argument: Tensor) -> Tensor:
        blocks, *flat, n_blocks = tf.split(argument, [-1, *sizes, 1])
        n_blocks = tf.cast(n_blocks[0], tf.int32)
        blocks = tf.reshape(blocks, (-1, _ROWS, *shape))
        weights = [tf.reshape(part, shape) for part, shape in zip(flat, weight_shapes, strict=True)]

        def body(number: Tensor, outputs: Tensor) -> tuple[Tensor, Tensor]:
            new, _ = model.stateless_call(weights, constants, blocks[number], training=False)
            return number + 1, outputs.write(number, new)

        outputs = tf.TensorArray(tf.float32, blocks.shape[0])
        return tf.while_loop(lambda number, _: number < n_blocks, body, (0, outputs))[1].stack()

    return Program("predict", run)
