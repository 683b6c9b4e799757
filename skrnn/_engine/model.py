"""The Keras model whose `fit` runs compiled programs."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from skrnn._absent import rows_with_absent_steps
from skrnn._batches import draw_order
from skrnn._engine.blocks import TrainingBlocks
from skrnn._engine.predict import predict
from skrnn._engine.programs import NotCompilableError, Program
from skrnn._networks import NetworkModel

Tensor = Any
_TINY = np.finfo(np.float32).tiny


class CompiledModel(NetworkModel):
    """A Keras model that is trained a block of batches at a time, in one compiled program.

    Nothing in a program depends on the number of rows: what the rows leave of a block is not
    computed, and the last batch is filled with rows of weight 0. Weights, learning rate, dropout
    and seeds are variables, so that one program serves every fit of a search over them.

    `shuffle_seed` is set before each fit.
    """

    shuffle_seed = 0
    _program: Program | None = None
    _traced: tuple[int, ...] = ()

    def fit(
        self,
        x: np.ndarray,
        y: np.ndarray,
        *,
        sample_weight: np.ndarray | None,
        validation_data: tuple[np.ndarray, np.ndarray, np.ndarray | None] | None,
        batch_size: int,
        shuffle: bool,
        epochs: int,
        initial_epoch: int,
        verbose: int,
        callbacks: Any,
        **_: Any,
    ) -> keras.callbacks.History:
        """Train as `keras.Model.fit` does, but for batch hooks, which are called once a block.

        scikeras hands over Keras' other arguments too, as they are by default.

        Raises
        ------
        NotCompilableError
            If there is no program for this network and loss. Nothing has been trained then.
        """
        blocks = TrainingBlocks(x, y, sample_weight, batch_size)
        program = self._get_program(blocks)
        if validation_data is not None:
            # Of rows that lack steps and those that do not, one each: they pass other programs.
            rows = np.unique(rows_with_absent_steps(validation_data[0]), return_index=True)[1]
            self._validate(validation_data[0][rows], validation_data[1][rows], None, batch_size)
        callbacks = keras.callbacks.CallbackList(
            callbacks,
            add_history=True,
            add_progbar=verbose != 0,
            verbose=verbose,
            epochs=epochs,
            steps=len(blocks),
            model=self,
        )
        seed = self.shuffle_seed if shuffle else None
        self.stop_training = False
        logs: dict[str, float] = {}
        callbacks.on_train_begin()
        # BackupAndRestore sets it, to go on where a process was killed.
        for epoch in range(self._initial_epoch or initial_epoch, epochs):
            callbacks.on_epoch_begin(epoch)
            if self._traced != self._replaceable():
                program = self._get_program(blocks)
            total, n_seen = 0.0, 0
            for number, (block, n_rows) in enumerate(
                blocks.iterate(draw_order(len(x), seed, epoch))
            ):
                callbacks.on_train_batch_begin(number)
                total += float(program(*block))
                n_seen += n_rows
                logs = {"loss": total / n_seen}
                callbacks.on_train_batch_end(number, logs)
                if self.stop_training:
                    break
            if validation_data is not None:
                callbacks.on_test_begin()
                logs = logs | {"val_loss": self._validate(*validation_data, batch_size)}
                callbacks.on_test_end({"loss": logs["val_loss"]})
            callbacks.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        self.optimizer.finalize_variable_values(self.trainable_variables)
        callbacks.on_train_end(logs)
        return self.history

    def _get_program(self, blocks: TrainingBlocks) -> Program:
        """Return the program for such blocks, compiled."""
        if self._program is None or self._traced != self._replaceable():
            self._program = Program("train", self._train)
            self._traced = self._replaceable()
        self._probe_loss(blocks)
        # No batch, no step: what cannot be compiled is found out before anything is trained.
        self._program.prepare(*blocks.empty())
        return self._program

    def _replaceable(self) -> tuple[int, ...]:
        """Return the identities of what a callback may replace: a rate, for one, by a schedule.

        Not the objects: Keras takes the variables in an attribute for weights.
        """
        return tuple(map(id, (self.optimizer, self.optimizer._learning_rate, self.loss)))

    def _probe_loss(self, blocks: TrainingBlocks) -> None:
        """Refuse a loss of the user that looks at other rows: a block has some that do not count.

        What it returns for two rows of four must be what it returns for those two.
        """
        if getattr(self.loss, "__module__", "").split(".")[0] == "keras":
            return
        rng = np.random.default_rng(0)
        shapes = (4, *blocks.y_shape), (4, *blocks.y_shape[:-1], self.output_shape[-1])
        y, outputs = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
        if self.network.output_activation == "softmax":
            y = (y > 0).astype(np.float32)
            outputs = np.exp(outputs) / np.exp(outputs).sum(axis=-1, keepdims=True)
        try:
            all_rows, first = (
                self._values_of(tf.constant(y[:n]), tf.constant(outputs[:n])) for n in (4, 2)
            )
        except Exception as error:
            # Keras shall try, and say what is wrong.
            raise NotCompilableError(str(error)) from error
        if not np.allclose(all_rows[:2], first, rtol=1e-4, equal_nan=True):
            raise NotCompilableError("the loss of a row depends on the other rows of its batch")

    def _train(self, x: Tensor, y: Tensor, weight: Tensor, size: Tensor, n_batches: Tensor) -> Any:
        """Make a training step with each batch; return the sum over the rows of their losses."""
        variables = self.trainable_variables

        def step(number: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
            with tf.GradientTape() as tape:
                outputs = self(x[number], training=True)
                loss = self._loss_of(y[number], outputs, weight[number], size[number])
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            return number + 1, total + loss * size[number]

        return tf.while_loop(lambda number, _: number < n_batches, step, (0, 0.0))[1]

    def _validate(
        self, x: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None, batch_size: int
    ) -> float:
        """Return the loss of rows that are held out."""
        outputs = predict(self.network, [np.asarray(w) for w in self.weights], x)
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        # A mean is the same over all rows as over batches; others are Keras' mean over batches.
        of_rows = getattr(self.loss, "reduction", "mean") in ("mean", "sum_over_batch_size")
        size = len(y) if of_rows else batch_size
        total = 0.0
        for first in range(0, len(y), size):
            batch = [array[first : first + size] for array in (y, outputs, weight)]
            n_rows = len(batch[0])
            y_part, outputs_part, *others = (
                tf.constant(array, tf.float32) for array in (*batch, n_rows)
            )
            if self.network.output_activation == "softmax":
                # Where Keras' losses look for them; they clip probabilities far above the least.
                outputs_part._keras_logits = tf.math.log(tf.maximum(outputs_part, _TINY))
            loss = self._loss_of(y_part, outputs_part, *others)
            total += float(loss) * n_rows
        return total / len(y)

    def _loss_of(self, y: Tensor, outputs: Tensor, weight: Tensor, size: Tensor) -> Tensor:
        """Return the loss of a batch, of which `size` rows count, with regularizers."""
        values = self._values_of(y, outputs)
        reduction = getattr(self.loss, "reduction", "sum_over_batch_size")
        n_values = int(np.prod(values.shape[1:]))
        # A row has one weight, or each of its steps has.
        weight = tf.reshape(weight, (weight.shape[0], -1))
        total = tf.reduce_sum(weight * tf.reshape(values, (-1, n_values)))
        divisors = {
            "sum": 1.0,
            "sum_over_batch_size": size * n_values,
            "mean": size * n_values,
            "mean_with_sample_weight": tf.reduce_sum(tf.reduce_mean(weight, axis=1)) * n_values,
        }
        if reduction not in divisors:
            raise TypeError(f"the loss has reduction={reduction!r}")
        # No weight at all, where all steps of a batch are absent, is no loss.
        loss = tf.math.divide_no_nan(total, divisors[reduction])
        return tf.add_n([loss, *self.losses])

    def _values_of(self, y: Tensor, outputs: Tensor) -> Tensor:
        """Return the loss of each row."""
        loss = self.loss
        if isinstance(loss, keras.losses.Loss):
            if type(loss).__call__ is not keras.losses.Loss.__call__:
                raise NotCompilableError(f"{type(loss).__name__} reduces in a way of its own")
            loss = loss.call
        values = loss(y, outputs)
        if values.shape.rank == 0 or values.shape[0] != y.shape[0]:
            raise NotCompilableError("the loss does not return one number for each row")
        return values
