"""Training: the loss and the gradient of each batch of an epoch."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from skrnn._network import Array
from skrnn._network.network import Network, Weights, view_weights
from skrnn._network.passes import NetworkPass

# From this number of multiplications in a batch on, two threads are faster than one. With fewer,
# waking the second thread takes longer than the work that it saves.
_WORTH_SPLITTING = 2e8


@dataclass(frozen=True)
class Rows:
    """Rows with targets and weights.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_timesteps, n_features) or (n_samples, n_features)
        Inputs of the network, of any float type. X may be a view of a series, because only the
        rows of a batch are copied.

    y : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
        Targets in the form that the loss expects.

    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_steps), or None
        Weights of the rows, or of their steps.
    """

    X: Array
    y: Array
    sample_weight: Array | None

    def take(self, rows: Array | slice) -> Rows:
        """Return some of the rows."""
        weight = self.sample_weight
        return Rows(self.X[rows], self.y[rows], None if weight is None else weight[rows])


class BatchLoss(Protocol):
    """Loss of a batch.

    `is_mean_over_rows` is True if the mean over batches is the mean over all rows.
    """

    is_mean_over_rows: ClassVar[bool]

    def compute(self, y: Array, outputs: Array, weight: Array | None) -> tuple[float, Array]:
        """Return the loss of a batch, and its derivative by each output."""


# Updates the parameters, given their gradient. Both are flat vectors.
Update = Callable[[Array, Array], None]
# Adds the gradient of a penalty to the gradients of the weights, and returns the penalty.
Regularizer = Callable[[Weights, Weights], float]


class Trainer:
    """Training of a network whose parameters are one flat vector.

    A large batch is computed in two halves, which may run in two threads. The split depends on
    sizes only, so the results do not depend on the number of threads.

    Parameters
    ----------
    network : Network
        The network. Its activation is one of `activations`.

    parameters : ndarray of shape (n_parameters,)
        Weights, which are updated in place.

    loss : BatchLoss
        Loss of a batch.

    update : callable
        Function that updates the parameters, given their gradient.

    regularizer : callable or None
        Function that adds the gradient of a penalty, and returns the penalty.

    batch_size : int
        Rows of a batch. The last batch of an epoch may have fewer.

    n_threads : int
        Number of threads that may be used.
    """

    def __init__(
        self,
        network: Network,
        parameters: Array,
        loss: BatchLoss,
        update: Update,
        regularizer: Regularizer | None,
        batch_size: int,
        n_threads: int,
    ) -> None:
        self._network = network
        self._parameters = parameters
        self.loss = loss
        self._update = update
        self._regularizer = regularizer
        self.batch_size = batch_size
        self._n_threads = n_threads
        self._gradients = [np.zeros_like(parameters) for _ in range(2)]
        self._weights, self._weight_gradients = (
            view_weights(network, flat) for flat in (parameters, self._gradients[0])
        )
        self._passes: dict[tuple[int, int, int], NetworkPass] = {}

    def run_epoch(
        self, rows: Rows, order: Array, seeds: tuple[int, ...]
    ) -> Generator[tuple[float, int], None, None]:
        """Train on each batch of an epoch. Yield the loss and the number of rows of each batch.

        Parameters
        ----------
        rows : Rows
            All rows.

        order : ndarray of int
            Order of the rows in this epoch.

        seeds : tuple of int
            Seeds of the dropout of this epoch.
        """
        rngs = [np.random.Generator(np.random.SFC64([*seeds, half])) for half in range(2)]
        in_halves = self._computes_halves(rows.X)
        pool = ThreadPoolExecutor(1) if in_halves and self._n_threads > 1 else nullcontext()
        with pool as other_thread:
            for first in range(0, len(order), self.batch_size):
                batch = rows.take(order[first : first + self.batch_size])
                n_rows = len(batch.y)
                halves = [batch]
                if in_halves and n_rows > 1:
                    middle = (n_rows + 1) // 2
                    halves = [batch.take(slice(middle)), batch.take(slice(middle, None))]
                # Warnings are not needed: a callback checks for NaN and infinity after the epoch.
                with np.errstate(all="ignore"):
                    loss = self._train_batch(batch, halves, rngs, other_thread)
                yield loss, n_rows

    def _train_batch(
        self, batch: Rows, halves: list[Rows], rngs: list[Any], other_thread: Any
    ) -> float:
        """Update the parameters by one batch, and return the loss of the batch."""
        passes = [self._get_pass(k, half) for k, half in enumerate(halves)]
        outputs = _run_halves(
            other_thread, lambda k: passes[k].forward(halves[k].X, rngs[k]), len(halves)
        )
        joined = outputs[0] if len(outputs) == 1 else np.concatenate(outputs)
        loss, d_outputs = self.loss.compute(batch.y, joined, batch.sample_weight)
        d_outputs = d_outputs.astype(self._parameters.dtype)
        middle = len(halves[0].y)
        parts = [d_outputs[:middle], d_outputs[middle:]]
        _run_halves(other_thread, lambda k: passes[k].backward(parts[k]), len(halves))
        gradient = self._gradients[0]
        if len(halves) > 1:
            gradient += self._gradients[1]
        if self._regularizer is not None:
            loss += self._regularizer(self._weights, self._weight_gradients)
        self._update(self._parameters, gradient)
        return loss

    def _computes_halves(self, X: Array) -> bool:
        """Return whether batches of these rows are computed in two halves."""
        n_timesteps = max(X.shape[1] if X.ndim == 3 else 0, self._network.n_steps or 0)
        return is_worth_splitting(self._parameters.size, n_timesteps, min(self.batch_size, len(X)))

    def _get_pass(self, half: int, rows: Rows) -> NetworkPass:
        """Return a pass for rows of this shape. It is kept for later batches."""
        n_timesteps = self._network.count_steps(rows.X)
        key = (half, n_timesteps, len(rows.X))
        if key not in self._passes:
            self._passes[key] = NetworkPass(
                self._network,
                view_weights(self._network, self._parameters),
                n_timesteps,
                len(rows.X),
                view_weights(self._network, self._gradients[half]),
            )
        return self._passes[key]


def is_worth_splitting(n_parameters: int, n_timesteps: int, n_samples: int) -> bool:
    """Return whether a batch is computed in two halves, which may run in two threads."""
    return 3 * n_parameters * n_timesteps * n_samples >= _WORTH_SPLITTING


def _run_halves(other_thread: Any, work: Callable[[int], Any], n_halves: int) -> list[Any]:
    """Return the results of all halves. The other thread, if there is one, runs the second half."""
    if n_halves == 1 or other_thread is None:
        return [work(k) for k in range(n_halves)]
    second = other_thread.submit(_run_without_warnings, work, 1)
    first = work(0)
    return [first, second.result()]


def _run_without_warnings(work: Callable[[int], Any], half: int) -> Any:
    """Run a half with NumPy's warnings off. `np.errstate` only holds in its own thread."""
    with np.errstate(all="ignore"):
        return work(half)


def draw_order(n_samples: int, seed: int | None, epoch: int) -> Array:
    """Return the order of the rows in an epoch. Without a seed it is the order of the table."""
    if seed is None:
        return np.arange(n_samples)
    return np.random.default_rng([seed, epoch]).permutation(n_samples)
