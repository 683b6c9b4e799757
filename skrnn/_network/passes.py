"""Forward and backward pass of rows through a network."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from skrnn._network import Array
from skrnn._network.activations import find_activation_number
from skrnn._network.cells.cell import NO_STEP_MISSING
from skrnn._network.dropout import Dropout
from skrnn._network.network import Network, Weights
from skrnn._network.products import add_product


class NetworkPass:
    """Passes of a fixed number of rows through a network. Arrays are allocated once.

    Parameters
    ----------
    network : Network
        The network. Its activation is one of `activations`.

    weights : Weights
        Weights of the network. They may change between two passes.

    n_timesteps : int
        Steps of a row, or of an output with `vector_to_sequence`.

    n_samples : int
        Number of rows.

    gradients : Weights, default=None
        Arrays that the gradients are written to. None if `backward` is not used.

    Attributes
    ----------
    layers : list of list of Cell
        Recurrent layers from bottom to top. The forward direction comes first.

    decoder : list of Cell
        Layers of the decoder, from bottom to top.
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
        self._weights: Any = weights
        self._gradients: Any = gradients
        self._has_softmax = network.output_activation == "softmax"
        n_steps = (network.n_steps or 0) if network.is_decoder else n_timesteps
        n_cells = len(network.units) * network.n_directions
        self._cells = [
            network.cell_class(
                n_timesteps if k < n_cells else n_steps,
                n_samples,
                cast(int, find_activation_number(network.activation)),
                cell_weights,
                None if gradients is None else gradients.cells[k],
            )
            for k, cell_weights in enumerate(weights.cells)
        ]
        self.layers = [
            self._cells[k : k + network.n_directions]
            for k in range(0, n_cells, network.n_directions)
        ]
        self.decoder = self._cells[n_cells:]
        dtype = weights.head_kernel.dtype
        shape = (n_samples, len(weights.head_kernel))
        self._head_inputs = np.empty(shape if network.writes_vector else (n_steps, *shape), dtype)
        # Arrays that the outputs of each layer are written to: the inputs of the next layer or of
        # the head. The last layer of an encoder has none, because only its states are used.
        self._targets = [cells[0].inputs for cells in self.layers[1:]]
        self._targets += [cell.inputs for cell in self.decoder[1:]]
        self._targets.append(self._head_inputs)
        self._dropout: Dropout | None = None
        if network.dropout:
            shapes = [target.shape for target in self._targets]
            self._dropout = Dropout(network.dropout, shapes, dtype)
        self._recurrent_dropout: Dropout | None = None
        if network.recurrent_dropout:
            # One mask for each gate, the same at all steps of a row.
            shapes = [(cell.n_gates, *cell.h.shape[1:]) for cell in self._cells]
            self._recurrent_dropout = Dropout(network.recurrent_dropout, shapes, dtype)

    def forward(
        self, X: Array, rng: np.random.Generator | None = None, *, by_rows: bool = False
    ) -> Array:
        """Return the outputs of rows, before the output activation.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_timesteps, n_features) or (n_samples, n_features)
            Rows. Missing steps are NaN.

        rng : numpy.random.Generator, default=None
            Random generator for dropout. None turns dropout off.

        by_rows : bool, default=False
            Whether to compute each row alone, so no bit of its outputs depends on other rows.

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
        """
        self._by_rows = by_rows
        self._draw_masks(rng)
        self._read(X)
        for depth, cells in enumerate(self.layers):
            for backward in cells[1:]:
                backward.inputs[:] = cells[0].inputs[::-1]
            for cell, present in zip(cells, self._present, strict=False):
                cell.forward(cell.all_steps, present, by_rows=by_rows)
            if depth + 1 < len(self.layers) or not self._network.is_decoder:
                self._write_outputs(depth)
        if self._network.is_decoder:
            return self._map_back(self._decode().swapaxes(0, 1))
        outputs = self._apply_head(self._head_inputs)
        if self._network.linear_skip:
            if by_rows:
                add_product(self._flat_inputs, self._weights.skip, outputs)
            else:
                outputs += self._flat_inputs @ self._weights.skip
        outputs = outputs if self._network.writes_vector else outputs.swapaxes(0, 1)
        return self._map_back(outputs)

    @property
    def present(self) -> Array:
        """0 at missing steps, of shape (n_timesteps, n_samples). Size 0 if no step is missing."""
        return self._present[0]

    def backward(self, d_outputs: Array) -> None:
        """Write the gradients of all weights, given the gradient of the outputs of `forward`."""
        weights, gradients = self._weights, self._gradients
        if self._scale is not None:
            d_outputs = d_outputs * self._scale[1]
        for cell in self._cells:
            cell.start_backward()
        if self._network.is_decoder:
            self._decode_back(d_outputs.swapaxes(0, 1))
        else:
            if self._network.linear_skip:
                gradients.skip[:] = self._flat_inputs.T @ d_outputs
            if not self._network.writes_vector:
                d_outputs = np.ascontiguousarray(d_outputs.swapaxes(0, 1))
            self._set_head_gradients(d_outputs)
            self._write_output_gradients(len(self.layers) - 1, d_outputs @ weights.head_kernel.T)
        for depth in reversed(range(len(self.layers))):
            for cell, present in zip(self.layers[depth], self._present, strict=False):
                cell.backward(cell.all_steps, present)
            if depth > 0:
                self._write_output_gradients(depth - 1, self._get_input_gradients(depth))
        if self._network.embedding_dim is not None:
            gradients.embedding.fill(0)
            np.add.at(gradients.embedding, self._symbols, self._get_input_gradients(0))
        for cell in self._cells:
            cell.finish_backward()

    # Forward.

    def _draw_masks(self, rng: np.random.Generator | None) -> None:
        """Draw the masks of dropout for this pass. `_masks` is empty without dropout."""
        self._masks: list[Array] = []
        if rng is not None and self._dropout is not None:
            self._dropout.draw(rng)
            self._masks = self._dropout.masks
        if self._recurrent_dropout is None:
            return
        for cell, mask in zip(self._cells, self._recurrent_dropout.masks, strict=True):
            cell.masks = mask if rng is not None else mask[:0]
        if rng is not None:
            self._recurrent_dropout.draw(rng)

    def _read(self, X: Array) -> None:
        """Write rows into the first layer, missing steps as zeros, and set `_present`."""
        inputs = self.layers[0][0].inputs
        X = self._normalize(X)
        steps = X[np.newaxis] if X.ndim == 2 else X.swapaxes(0, 1)
        present = NO_STEP_MISSING
        if self._network.embedding_dim is None:
            inputs[:] = steps
            if np.isnan(inputs).any():
                present = ~np.isnan(inputs[..., 0])
                inputs[~present] = 0
        else:
            present = np.isfinite(steps[..., 0])
            self._symbols = np.where(present, steps[..., 0], 0).astype(np.intp)
            np.take(self._weights.embedding, self._symbols, axis=0, out=inputs)
        # One array for each direction.
        self._present = [NO_STEP_MISSING, NO_STEP_MISSING]
        if not present.all():
            self._present = [np.array(p, np.uint8, order="C") for p in (present, present[::-1])]
        if self._network.linear_skip:
            self._flat_inputs = np.ascontiguousarray(inputs.swapaxes(0, 1)).reshape(len(X), -1)

    def _normalize(self, X: Array) -> Array:
        """Return normalized windows, if the network reads them, and keep their levels and gains."""
        self._scale: tuple[Array, Array] | None = None
        if self._network.normalization is None:
            return X
        X, levels, gains = self._network.normalization.normalize(X)
        if levels.size:
            if not self._network.writes_vector:
                levels, gains = levels[:, np.newaxis], gains[:, np.newaxis]
            dtype = self._head_inputs.dtype
            self._scale = levels.astype(dtype), gains.astype(dtype)
        return X

    def _map_back(self, outputs: Array) -> Array:
        """Return outputs of normalized windows in the scale of the outputs."""
        if self._scale is None:
            return outputs
        levels, gains = self._scale
        return outputs * gains + levels

    def _write_outputs(self, depth: int) -> None:
        """Write the outputs of a layer after dropout, both directions side by side."""
        target = self._targets[depth]
        for direction, cell in enumerate(self.layers[depth]):
            outputs = cell.h[:0:-1] if direction else cell.h[1:]
            if target.ndim == 2:
                outputs = cell.h[-1]
            units = cell.h.shape[2]
            columns = slice(direction * units, (direction + 1) * units)
            if self._masks:
                np.multiply(outputs, self._masks[depth][..., columns], out=target[..., columns])
            else:
                target[..., columns] = outputs

    def _apply_head(self, inputs: Array) -> Array:
        weights = self._weights
        if not self._by_rows:
            outputs: Array = inputs @ weights.head_kernel + weights.head_bias
            return outputs
        outputs = np.empty((*inputs.shape[:-1], len(weights.head_bias)), inputs.dtype)
        outputs[:] = weights.head_bias
        flat_inputs, flat_outputs = (a.reshape(-1, a.shape[-1]) for a in (inputs, outputs))
        add_product(flat_inputs, weights.head_kernel, flat_outputs)
        return outputs

    def _decode(self) -> Array:
        """Return the outputs of a decoder. At each step it reads its output of the step before."""
        for (encoder,), cell in zip(self.layers, self.decoder, strict=True):
            for state, encoded in zip(cell.states, encoder.states, strict=True):
                state[0] = encoded[-1]
        n_steps, n_samples, _ = self._head_inputs.shape
        outputs = np.empty((n_steps, n_samples, self._network.n_outputs), self._head_inputs.dtype)
        decoder_inputs = self.decoder[0].inputs
        decoder_inputs[0] = 0
        for t in range(n_steps):
            for position, cell in enumerate(self.decoder, start=len(self.layers) - 1):
                cell.forward((t, t + 1), by_rows=self._by_rows)
                self._targets[position][t] = self._drop(cell.h[t + 1], position, t)
            outputs[t] = self._apply_head(self._head_inputs[t])
            if t + 1 < n_steps:
                # The decoder of a classifier reads probabilities.
                read = softmax(outputs[t]) if self._has_softmax else outputs[t]
                decoder_inputs[t + 1] = read[:, self._network.fed_back]
        return outputs

    def _drop(self, values: Array, position: int, t: int) -> Array:
        """Return values of step t after dropout. `position` is the position of the mask."""
        return values * self._masks[position][t] if self._masks else values

    # Backward.

    def _set_head_gradients(self, d_outputs: Array) -> None:
        flat = d_outputs.reshape(-1, d_outputs.shape[-1])
        self._gradients.head_kernel[:] = self._head_inputs.reshape(len(flat), -1).T @ flat
        self._gradients.head_bias[:] = flat.sum(axis=0)

    def _get_input_gradients(self, depth: int) -> Array:
        """Return the gradients of the inputs of a layer, in the order of time."""
        forward, *backward = (
            cell.get_input_gradients(cell.all_steps) for cell in self.layers[depth]
        )
        return forward + backward[0][::-1] if backward else forward

    def _write_output_gradients(self, depth: int, gradient: Array) -> None:
        """Write the gradient of the outputs of a layer into its cells."""
        if self._masks:
            gradient *= self._masks[depth]
        for direction, cell in enumerate(self.layers[depth]):
            units = cell.h.shape[2]
            part = gradient[..., direction * units : (direction + 1) * units]
            if part.ndim == 2:
                # The forward pass has read only the last output.
                cell.d_outputs[:-1] = 0
                cell.d_outputs[-1] = part
            else:
                cell.d_outputs[:] = part[::-1] if direction else part

    def _decode_back(self, d_outputs: Array) -> None:
        """Compute all gradients of a decoder, also those of the last states of the encoder."""
        head_back = self._weights.head_kernel.T
        decoder_inputs = self.decoder[0].inputs
        d_outputs = np.array(d_outputs)
        for t in reversed(range(len(d_outputs))):
            gradient = d_outputs[t] @ head_back
            for depth in reversed(range(len(self.decoder))):
                cell = self.decoder[depth]
                cell.d_outputs[t] = self._drop(gradient, len(self.layers) - 1 + depth, t)
                cell.backward((t, t + 1))
                (gradient,) = cell.get_input_gradients((t, t + 1))
            if t > 0:
                if self._has_softmax:
                    p = decoder_inputs[t]
                    gradient = p * (gradient - (gradient * p).sum(axis=-1, keepdims=True))
                d_outputs[t - 1][:, self._network.fed_back] += gradient
        self._set_head_gradients(d_outputs)
        for (encoder,), cell in zip(self.layers, self.decoder, strict=True):
            encoder.d_outputs.fill(0)
            for d_encoded, d_state in zip(encoder.d_states, cell.d_states, strict=True):
                d_encoded[:] = d_state


def softmax(outputs: Array) -> Array:
    """Return probabilities. They sum to 1 over the last axis."""
    powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
