"""Training: the gradient of each batch, and the steps of an epoch."""

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

# Multiplications in a batch, forward and backward, from which two threads gain: for fewer, waking
# the other thread costs more than it saves, and a search has better uses for a second core.
_WORTH_SPLITTING = 2e8


@dataclass(frozen=True)
class Rows:
    """Rows to train on.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_timesteps, n_features) or (n_samples, n_features)
        Inputs of the network, of any float type. It may be a view of a series: only the rows of a
        batch are ever copied.

    y : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
        Targets, as the loss takes them.

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
    """Computes the loss of a batch, and its derivative by each output.

    `is_mean_over_rows` tells whether the mean over batches is the mean over all their rows.
    """

    is_mean_over_rows: ClassVar[bool]

    def of_batch(self, y: Array, outputs: Array, weight: Array | None) -> tuple[float, Array]:
        """Return both."""


# Moves the parameters, given their gradient, both flat.
Update = Callable[[Array, Array], None]
# Adds its gradient to the gradients of the weights, and returns the loss that it adds.
Regularizer = Callable[[Weights, Weights], float]


class Trainer:
    """Trains a network whose parameters are one flat vector.

    A large batch is computed in two halves, which may run in two threads. How a batch is split
    depends on sizes only, so the results do not depend on the number of threads.

    Parameters
    ----------
    network : Network
        The network. Its activation has a number.

    parameters : ndarray of shape (n_parameters,)
        The weights, which are moved.

    loss : BatchLoss
        The loss.

    update : callable
        Moves the parameters, given their gradient.

    regularizer : callable or None
        Adds its gradient, and returns the loss that it adds.

    batch_size : int
        Rows of a batch; the last one of an epoch may have fewer.

    n_threads : int
        Threads that may be used.
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
        """Make a step with each batch; yield the loss of the batch and its number of rows.

        Parameters
        ----------
        rows : Rows
            All rows.

        order : ndarray of int
            Their order in this epoch.

        seeds : tuple of int
            Determine what is dropped in this epoch.
        """
        rngs = [np.random.Generator(np.random.SFC64([*seeds, half])) for half in range(2)]
        splits = self._splits(rows.X)
        pool = ThreadPoolExecutor(1) if splits and self._n_threads > 1 else nullcontext()
        with pool as other:
            for first in range(0, len(order), self.batch_size):
                batch = rows.take(order[first : first + self.batch_size])
                n_rows = len(batch.y)
                halves = [batch]
                if splits and n_rows > 1:
                    middle = (n_rows + 1) // 2
                    halves = [batch.take(slice(middle)), batch.take(slice(middle, None))]
                # NaN and infinity are looked for at the end of the epoch.
                with np.errstate(all="ignore"):
                    loss = self._step(batch, halves, rngs, other)
                yield loss, n_rows

    def _step(self, batch: Rows, halves: list[Rows], rngs: list[Any], other: Any) -> float:
        """Move the parameters by one batch, and return its loss."""
        passes = [self._get_pass(k, half) for k, half in enumerate(halves)]
        outputs = _run_both(other, lambda k: passes[k].forward(halves[k].X, rngs[k]), len(halves))
        joined = outputs[0] if len(outputs) == 1 else np.concatenate(outputs)
        loss, d_outputs = self.loss.of_batch(batch.y, joined, batch.sample_weight)
        d_outputs = d_outputs.astype(self._parameters.dtype)
        middle = len(halves[0].y)
        parts = [d_outputs[:middle], d_outputs[middle:]]
        _run_both(other, lambda k: passes[k].backward(parts[k]), len(halves))
        gradient = self._gradients[0]
        if len(halves) > 1:
            gradient += self._gradients[1]
        if self._regularizer is not None:
            loss += self._regularizer(self._weights, self._weight_gradients)
        self._update(self._parameters, gradient)
        return loss

    def _splits(self, X: Array) -> bool:
        """Tell whether batches of such rows are computed in two halves."""
        n_timesteps = max(X.shape[1] if X.ndim == 3 else 0, self._network.n_steps or 0)
        return worth_splitting(self._parameters.size, n_timesteps, min(self.batch_size, len(X)))

    def _get_pass(self, half: int, rows: Rows) -> NetworkPass:
        """Return the arrays for rows of such shapes; those of full batches come again and again."""
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


def worth_splitting(n_parameters: int, n_timesteps: int, n_samples: int) -> bool:
    """Tell whether a batch is computed in two halves, which two threads may share."""
    return 3 * n_parameters * n_timesteps * n_samples >= _WORTH_SPLITTING


def _run_both(other: Any, work: Callable[[int], Any], n_parts: int) -> list[Any]:
    """Do both halves of some work, the second one in another thread if there is one."""
    if n_parts == 1 or other is None:
        return [work(k) for k in range(n_parts)]
    second = other.submit(_without_warnings, work, 1)
    first = work(0)
    return [first, second.result()]


def _without_warnings(work: Callable[[int], Any], part: int) -> Any:
    """Do some work in a thread, whose settings are not those of the thread that waits for it."""
    with np.errstate(all="ignore"):
        return work(part)


def draw_order(n_samples: int, seed: int | None, epoch: int) -> Array:
    """Return the order of the rows in an epoch, as they stand without a seed."""
    if seed is None:
        return np.arange(n_samples)
    return np.random.default_rng([seed, epoch]).permutation(n_samples)
