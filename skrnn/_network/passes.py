"""The way of some rows through a network, forward and backward."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from skrnn._network.activations import number_of
from skrnn._network.cells.cell import Array, CellWeights
from skrnn._network.layers import Dropout, Layer
from skrnn._network.network import Network, Weights
from skrnn._network.products import add_product

_NOTHING = np.empty((0, 0), np.uint8)


class NetworkPass:
    """A network and the arrays of a pass over so many rows, allocated once.

    Parameters
    ----------
    network : Network
        The network. Its activation has a number.

    weights : Weights
        Its weights. They may change between two passes.

    n_timesteps : int
        Steps of a row; those that are written by `vector_to_sequence`.

    n_samples : int
        Rows.

    gradients : Weights, default=None
        Where gradients are written. None: there is no way back.
    """

    def __init__(
        self,
        network: Network,
        weights: Weights,
        n_timesteps: int,
        n_samples: int,
        gradients: Weights | None = None,
    ) -> None:
        self._network = network
        self._activation = cast(int, number_of(network.activation))
        self._weights: Any = weights
        self._gradients: Any = gradients
        self._n_samples = n_samples
        self._dtype = weights.head_kernel.dtype
        self.layers = [
            [self._make_layer(n_timesteps, depth, k, "layers") for k in range(len(directions))]
            for depth, directions in enumerate(weights.layers)
        ]
        n_written = (network.n_steps or 0) if network.is_decoder else n_timesteps
        self.decoder = [
            self._make_layer(n_written, depth, 0, "decoder")
            for depth in range(len(weights.decoder))
        ]
        self._dropout = self._make_dropout(n_timesteps, n_written)
        self._recurrent_dropout = self._make_recurrent_dropout()
        # Inputs of the head.
        steps = () if network.writes_vector else (n_written,)
        self._top = np.empty((*steps, n_samples, len(weights.head_kernel)), self._dtype)

    def forward(
        self, X: Array, rng: np.random.Generator | None = None, *, by_rows: bool = False
    ) -> Array:
        """Return the outputs of rows, before the output activation.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_timesteps, n_features) or (n_samples, n_features)
            Rows, NaN where a step is missing.

        rng : numpy.random.Generator, default=None
            Generator of dropout. None: nothing is dropped.

        by_rows : bool, default=False
            Compute each row by itself, so its bits do not depend on the others.

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
        """
        self._by_rows = by_rows
        self._draw(rng)
        self._read(X)
        for depth, directions in enumerate(self.layers):
            for layer, present in zip(directions, self._present, strict=False):
                layer.forward(layer.all_steps, present, by_rows=by_rows)
            if depth + 1 < len(self.layers):
                self._hand_on(depth)
        if self._network.is_decoder:
            return self._decode().swapaxes(0, 1)
        self._gather_top()
        outputs = self._head(self._top)
        if self._network.linear_skip:
            if by_rows:
                add_product(self._flat_inputs, self._weights.skip, outputs)
            else:
                outputs += self._flat_inputs @ self._weights.skip
        return outputs if self._network.writes_vector else outputs.swapaxes(0, 1)

    @property
    def present(self) -> Array:
        """Which steps of the last rows were there, (n_timesteps, n_samples); size 0 if all."""
        return self._present[0]

    def backward(self, d_outputs: Array) -> None:
        """Write the gradients of all weights, given that of the outputs of `forward`."""
        weights, gradients = self._weights, self._gradients
        for layer in self._all_layers():
            layer.clear()
        if self._network.is_decoder:
            self._decode_back(d_outputs.swapaxes(0, 1))
        else:
            if self._network.linear_skip:
                gradients.skip[:] = self._flat_inputs.T @ d_outputs
            if not self._network.writes_vector:
                d_outputs = np.ascontiguousarray(d_outputs.swapaxes(0, 1))
            self._set_head_gradients(d_outputs)
            self._spread_top(d_outputs @ weights.head_kernel.T)
        for depth in range(len(self.layers) - 1, -1, -1):
            self._go_back(depth)
        for layer in self._all_layers():
            layer.set_gradients()

    # Making the arrays.

    def _make_layer(self, n_timesteps: int, depth: int, direction: int, place: str) -> Layer:
        def pick(of: Weights) -> CellWeights:
            return of.decoder[depth] if place == "decoder" else of.layers[depth][direction]

        gradients = None if self._gradients is None else pick(self._gradients)

        cell = self._network.cell_class(
            (n_timesteps, self._n_samples, self._network.units[depth]),
            self._activation,
            self._dtype,
            for_training=gradients is not None,
        )
        return Layer(cell, pick(self._weights), gradients)

    def _make_dropout(self, n_timesteps: int, n_written: int) -> Dropout | None:
        """Return a mask for what each layer hands on, of a decoder those of its layers last."""
        network = self._network
        if not network.dropout:
            return None
        shapes: list[tuple[int, ...]] = [
            (n_timesteps, self._n_samples, units * network.n_directions) for units in network.units
        ]
        if network.writes_vector:
            shapes[-1] = shapes[-1][1:]
        if network.is_decoder:
            # An encoder hands on its states, so nothing follows its last layer.
            shapes[-1:] = [(n_written, self._n_samples, units) for units in network.units]
        return Dropout(network.dropout, shapes, self._dtype)

    def _make_recurrent_dropout(self) -> Dropout | None:
        """Return a mask for the state of each layer and gate, the same at all steps of a row."""
        rate = self._network.recurrent_dropout
        if not rate:
            return None
        n_gates = self._network.cell_class.n_gates
        shapes = [(n_gates, *layer.cell.states.shape[1:]) for layer in self._all_layers()]
        return Dropout(rate, shapes, self._dtype)

    def _all_layers(self) -> list[Layer]:
        return [*(layer for directions in self.layers for layer in directions), *self.decoder]

    # Forward.

    def _draw(self, rng: np.random.Generator | None) -> None:
        """Draw what is dropped in this pass; `_masks` is empty if nothing is."""
        self._masks: list[Array] = []
        if rng is not None and self._dropout is not None:
            self._dropout.draw(rng)
            self._masks = self._dropout.masks
        if self._recurrent_dropout is None:
            return
        for layer, mask in zip(self._all_layers(), self._recurrent_dropout.masks, strict=True):
            layer.masks = mask if rng is not None else mask[:0]
        if rng is not None:
            self._recurrent_dropout.draw(rng)

    def _read(self, X: Array) -> None:
        """Write rows into the first layer, missing steps as zeros, and note which are there."""
        first = self.layers[0][0]
        steps = X[np.newaxis] if X.ndim == 2 else X.swapaxes(0, 1)
        present = _NOTHING
        if self._network.embedding_dim is None:
            first.inputs[:] = steps
            if np.isnan(first.inputs).any():
                present = ~np.isnan(first.inputs[..., 0])
                first.inputs[~present] = 0
        else:
            present = np.isfinite(steps[..., 0])
            self._symbols = np.where(present, steps[..., 0], 0).astype(np.intp)
            np.take(self._weights.embedding, self._symbols, axis=0, out=first.inputs)
        if present is _NOTHING or present.all():
            self._present = [_NOTHING, _NOTHING]
        else:
            present = np.ascontiguousarray(present, np.uint8)
            self._present = [present, np.ascontiguousarray(present[::-1])]
        for backward in self.layers[0][1:]:
            backward.inputs[:] = first.inputs[::-1]
        if self._network.linear_skip:
            self._flat_inputs = np.ascontiguousarray(first.inputs.swapaxes(0, 1)).reshape(
                self._n_samples, -1
            )

    def _sequence(self, depth: int) -> list[Array]:
        """Return the states of a layer in the order of time, one array for each direction."""
        forward, *backward = (layer.cell.states[1:] for layer in self.layers[depth])
        return [forward, *(states[::-1] for states in backward)]

    def _hand_on(self, depth: int) -> None:
        """Write the states of a layer into the layer above."""
        above, *backward = self.layers[depth + 1]
        self._join(self._sequence(depth), above.inputs, depth)
        for layer in backward:
            layer.inputs[:] = above.inputs[::-1]

    def _join(self, parts: list[Array], out: Array, place: int) -> None:
        """Write parts side by side, without what is dropped."""
        first = 0
        for part in parts:
            columns = slice(first, first + part.shape[-1])
            if self._masks:
                np.multiply(part, self._masks[place][..., columns], out=out[..., columns])
            else:
                out[..., columns] = part
            first = columns.stop

    def _gather_top(self) -> None:
        """Write what the head reads: the last states, or those of all steps."""
        last = len(self.layers) - 1
        if self._network.writes_vector:
            parts = [layer.cell.states[-1] for layer in self.layers[last]]
        else:
            parts = self._sequence(last)
        self._join(parts, self._top, last)

    def _head(self, top: Array) -> Array:
        weights = self._weights
        if self._by_rows:
            outputs = np.empty((*top.shape[:-1], len(weights.head_bias)), self._dtype)
            outputs[:] = weights.head_bias
            add_product(
                top.reshape(-1, top.shape[-1]),
                weights.head_kernel,
                outputs.reshape(-1, outputs.shape[-1]),
            )
            return outputs
        return top @ weights.head_kernel + weights.head_bias

    def _decode(self) -> Array:
        """Return the outputs of a decoder, which reads at each step what it wrote before."""
        for (encoder,), layer in zip(self.layers, self.decoder, strict=True):
            for ours, theirs in zip(layer.cell.carried, encoder.cell.carried, strict=True):
                ours[0] = theirs[-1]
        n_steps = len(self._top)
        outputs = np.empty((n_steps, self._n_samples, self._network.n_outputs), self._dtype)
        # A decoder reads its outputs after their activation: probabilities of a classifier.
        self._said = np.zeros_like(outputs)
        self.decoder[0].inputs[0] = 0
        for t in range(n_steps):
            step = slice(t, t + 1)
            for depth, layer in enumerate(self.decoder):
                layer.forward(step, by_rows=self._by_rows)
                is_last = depth + 1 == len(self.decoder)
                above = self._top if is_last else self.decoder[depth + 1].inputs
                hidden = layer.cell.states[t + 1]
                mask = self._decoder_mask(depth, t)
                above[t] = hidden if mask is None else hidden * mask
            outputs[t] = self._head(self._top[t])
            self._said[t] = self._activate(outputs[t])
            if t + 1 < n_steps:
                self.decoder[0].inputs[t + 1] = self._said[t]
        return outputs

    def _decoder_mask(self, depth: int, t: int) -> Array | None:
        if not self._masks:
            return None
        mask: Array = self._masks[len(self.layers) - 1 + depth][t]
        return mask

    def _activate(self, outputs: Array) -> Array:
        return softmax(outputs) if self._network.output_activation == "softmax" else outputs

    # Backward.

    def _set_head_gradients(self, d_outputs: Array) -> None:
        flat = d_outputs.reshape(-1, d_outputs.shape[-1])
        self._gradients.head_kernel[:] = self._top.reshape(len(flat), -1).T @ flat
        self._gradients.head_bias[:] = flat.sum(axis=0)

    def _spread_top(self, d_top: Array) -> None:
        """Write the gradient of what the head reads into the states that it was made of."""
        last = len(self.layers) - 1
        if self._masks:
            d_top *= self._masks[last]
        first = 0
        for direction, layer in enumerate(self.layers[last]):
            d_states = layer.cell.d_states
            part = d_top[..., first : first + d_states.shape[-1]]
            first += d_states.shape[-1]
            if self._network.writes_vector:
                d_states[:-1] = 0
                d_states[-1] = part
            else:
                d_states[:] = part[::-1] if direction else part

    def _go_back(self, depth: int) -> None:
        """Take the gradient back through a layer, into the states of the layer below."""
        directions = self.layers[depth]
        needs_inputs = depth > 0 or self._network.embedding_dim is not None
        total: Any = None
        for direction, (layer, present) in enumerate(zip(directions, self._present, strict=False)):
            d_inputs = layer.backward(layer.all_steps, present, to_inputs=needs_inputs)
            if needs_inputs:
                # The backward direction has read the steps from the last to the first.
                total = total + d_inputs[::-1] if direction else d_inputs
        if depth == 0:
            if needs_inputs:
                self._gradients.embedding.fill(0)
                np.add.at(self._gradients.embedding, self._symbols, total)
            return
        if self._masks:
            total *= self._masks[depth - 1]
        first = 0
        for direction, layer in enumerate(self.layers[depth - 1]):
            d_states = layer.cell.d_states
            part = total[..., first : first + d_states.shape[-1]]
            first += d_states.shape[-1]
            d_states[:] = part[::-1] if direction else part

    def _decode_back(self, d_outputs: Array) -> None:
        """Take the gradient of what a decoder wrote back to the last states of the encoder."""
        kernel = self._weights.head_kernel
        d_outputs = np.array(d_outputs)
        for t in range(len(d_outputs) - 1, -1, -1):
            step = slice(t, t + 1)
            d_hidden = d_outputs[t] @ kernel.T
            for depth in range(len(self.decoder) - 1, -1, -1):
                layer = self.decoder[depth]
                mask = self._decoder_mask(depth, t)
                layer.cell.d_states[t] = d_hidden if mask is None else d_hidden * mask
                (d_hidden,) = layer.backward(step)
            if t > 0:
                d_outputs[t - 1] += self._activate_back(d_hidden, self._said[t - 1])
        self._set_head_gradients(d_outputs)
        for (encoder,), layer in zip(self.layers, self.decoder, strict=True):
            encoder.cell.d_states.fill(0)
            for theirs, ours in zip(encoder.cell.d_carried, layer.cell.d_carried, strict=True):
                theirs[:] = ours

    def _activate_back(self, d_said: Array, said: Array) -> Array:
        if self._network.output_activation != "softmax":
            return d_said
        return said * (d_said - (d_said * said).sum(axis=-1, keepdims=True))


def softmax(outputs: Array) -> Array:
    """Return probabilities, which sum to 1 over the last axis."""
    powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
