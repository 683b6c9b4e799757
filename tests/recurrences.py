"""Reference recurrences in NumPy and float64, as textbooks write them.

Tests compare the package with these. Only the layout of the weights is that of Keras.
"""

import numpy as np

# Number of blocks in the kernel of a cell: one for the candidate and one for each gate.
N_BLOCKS = {"simple_rnn": 1, "lstm": 4, "peephole_lstm": 4, "gru": 3}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def identity(z):
    return z


# Each function takes the input of a step and the state before, and returns the state after. The
# first array of a state is h.


def simple_rnn_step(x, state, weights, activation):
    kernel, recurrent, bias = weights
    (h,) = state
    return (activation(x @ kernel + h @ recurrent + bias),)


def lstm_step(x, state, weights, activation):
    kernel, recurrent, bias = weights
    h, c = state
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * activation(g)
    return sigmoid(o) * activation(c), c


def peephole_lstm_step(x, state, weights, activation):
    kernel, recurrent, bias, (peep_i, peep_f, peep_o) = weights
    h, c = state
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
    i = sigmoid(i + peep_i * c)
    f = sigmoid(f + peep_f * c)
    c = f * c + i * activation(g)
    # The output gate reads the new cell state.
    o = sigmoid(o + peep_o * c)
    return o * activation(c), c


def gru_step(x, state, weights, activation):
    """Return the state of a GRU that resets before the product (Cho et al. 2014)."""
    kernel, recurrent, bias = weights
    (h,) = state
    x_z, x_r, x_g = np.split(x @ kernel + bias, 3, axis=1)
    to_z, to_r, to_g = np.split(recurrent, 3, axis=1)
    z = sigmoid(x_z + h @ to_z)
    r = sigmoid(x_r + h @ to_r)
    g = activation(x_g + (r * h) @ to_g)
    return (z * h + (1 - z) * g,)


def gru_reset_after_step(x, state, weights, activation):
    """Return the state of a GRU that resets after the product, as cuDNN does."""
    kernel, recurrent, (bias_of_x, bias_of_h) = weights
    (h,) = state
    x_z, x_r, x_g = np.split(x @ kernel + bias_of_x, 3, axis=1)
    h_z, h_r, h_g = np.split(h @ recurrent + bias_of_h, 3, axis=1)
    z = sigmoid(x_z + h_z)
    r = sigmoid(x_r + h_r)
    g = activation(x_g + r * h_g)
    return (z * h + (1 - z) * g,)


STEPS = {
    ("simple_rnn", False): simple_rnn_step,
    ("lstm", False): lstm_step,
    ("peephole_lstm", False): peephole_lstm_step,
    ("gru", False): gru_step,
    ("gru", True): gru_reset_after_step,
}


# Layers


class Weights:
    """List of arrays, which are taken one by one. The shape of each is checked."""

    def __init__(self, arrays, cell, *, reset_after):
        self.arrays = [np.asarray(array, np.float64) for array in arrays]
        self.cell = cell
        self.reset_after = reset_after and cell == "gru"

    def take(self, *shape):
        array = self.arrays.pop(0)
        assert array.shape == shape
        return array

    def take_layer(self, n_inputs, units):
        """Return the arrays of one layer in one direction."""
        width = N_BLOCKS[self.cell] * units
        layer = [self.take(n_inputs, width), self.take(units, width)]
        layer.append(self.take(2, width) if self.reset_after else self.take(width))
        if self.cell == "peephole_lstm":
            layer.append(self.take(3, units))
        return layer

    def take_head(self, n_inputs):
        """Return kernel and bias of the head."""
        n_outputs = self.arrays[0].shape[-1]
        return self.take(n_inputs, n_outputs), self.take(n_outputs)


def first_state(n_samples, units, cell):
    return (np.zeros((n_samples, units)),) * (2 if "lstm" in cell else 1)


def run_layer(inputs, present, state, step):
    """Return h at each step, and the last state.

    The state of a sample does not change at a missing step.
    """
    outputs = []
    for x, is_present in zip(inputs.swapaxes(0, 1), present.T, strict=True):
        after = step(x, state)
        state = tuple(
            np.where(is_present[:, None], new, old) for new, old in zip(after, state, strict=True)
        )
        outputs.append(state[0])
    return np.stack(outputs, axis=1), state


def forward(
    X,
    weights,
    *,
    cell,
    units,
    architecture="sequence_to_vector",
    bidirectional=False,
    reset_after=True,
    activation=np.tanh,
    output_activation=identity,
    n_steps=None,
    linear_skip=False,
):
    """Return the outputs of a network.

    Parameters
    ----------
    X : array of shape (n_samples, n_timesteps, n_features)
        Sequences. A step is missing if all features are NaN. (n_samples, n_features) for
        vector_to_sequence.
    weights : list of arrays
        Recurrent layers from bottom to top, with the forward direction before the backward one and
        the encoder before the decoder. Then kernel and bias of the head, and the kernel of the
        linear skip.
    cell : {"simple_rnn", "lstm", "peephole_lstm", "gru"}
        Cell of all recurrent layers.
    units : int or tuple of int
        Units of each layer.
    architecture : str
        "sequence_to_vector", "sequence_to_sequence", "vector_to_sequence" or "encoder_decoder".
    bidirectional, reset_after, linear_skip : bool
        Options of the network.
    activation, output_activation : callable
        Activation of the cell and of the head.
    n_steps : int
        Number of output steps, for vector_to_sequence and encoder_decoder.

    Returns
    -------
    array of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
    """
    units = (units,) if isinstance(units, int) else tuple(units)
    weights = Weights(weights, cell, reset_after=reset_after)
    X = np.asarray(X, np.float64)
    if architecture == "vector_to_sequence":
        X = np.stack([X] * n_steps, axis=1)
    present = ~np.isnan(X).all(axis=2)
    X = np.where(present[:, :, None], X, 0.0)

    def make_step(n_inputs, n_units):
        layer = weights.take_layer(n_inputs, n_units)
        function = STEPS[cell, weights.reset_after]
        return lambda x, state: function(x, state, layer, activation)

    hidden, states = X, []
    for n_units in units:
        below = hidden
        start = first_state(len(X), n_units, cell)
        hidden, state = run_layer(below, present, start, make_step(below.shape[2], n_units))
        states.append(state)
        last = state[0]
        if bidirectional:
            step = make_step(below.shape[2], n_units)
            backward, state = run_layer(below[:, ::-1], present[:, ::-1], start, step)
            hidden = np.concatenate([hidden, backward[:, ::-1]], axis=2)
            last = np.concatenate([last, state[0]], axis=1)

    if architecture == "encoder_decoder":
        outputs = decode(states, weights, make_step, units, n_steps, output_activation)
    else:
        kernel, bias = weights.take_head(hidden.shape[2])
        read = last if architecture == "sequence_to_vector" else hidden
        outputs = output_activation(read @ kernel + bias)
    if linear_skip:
        outputs = outputs + flatten(X) @ weights.take(X[0].size, outputs.shape[1])
    assert weights.arrays == []
    return outputs


def decode(states, weights, make_step, units, n_steps, output_activation):
    """Return the outputs of a decoder. It starts with these states, and reads its last output."""
    # The head comes last, but the first layer reads outputs, so their number is needed first.
    n_outputs = weights.arrays[-1].shape[-1]
    inputs = (n_outputs, *units[:-1])
    steps = [make_step(below, own) for below, own in zip(inputs, units, strict=True)]
    kernel, bias = weights.take_head(units[-1])
    output = np.zeros((len(states[0][0]), n_outputs))
    outputs = []
    for _ in range(n_steps):
        h = output
        for depth, step in enumerate(steps):
            states[depth] = step(h, states[depth])
            h = states[depth][0]
        output = output_activation(h @ kernel + bias)
        outputs.append(output)
    return np.stack(outputs, axis=1)


def flatten(X):
    """Return all features of the first step, then all of the second, …"""
    return np.concatenate(list(X.swapaxes(0, 1)), axis=1)


# Number of weights


def count_parameters(
    *,
    cell,
    units,
    n_features,
    n_outputs,
    architecture="sequence_to_vector",
    bidirectional=False,
    reset_after=True,
    linear_skip=False,
    n_timesteps=None,
):
    """Return the number of weights of a network, by textbook formulas."""
    units = (units,) if isinstance(units, int) else tuple(units)
    n_directions = 2 if bidirectional else 1

    def count_layer(n, u):
        return {
            "simple_rnn": u * (n + u + 1),
            "lstm": 4 * u * (n + u + 1),
            "peephole_lstm": 4 * u * (n + u + 1) + 3 * u,
            "gru": 3 * u * (n + u + (2 if reset_after else 1)),
        }[cell]

    def count_stack(n_inputs):
        inputs = [n_inputs, *(n_directions * u for u in units[:-1])]
        return sum(n_directions * count_layer(n, u) for n, u in zip(inputs, units, strict=True))

    total = count_stack(n_features)
    if architecture == "encoder_decoder":
        total += count_stack(n_outputs)
    total += (n_directions * units[-1] + 1) * n_outputs
    if linear_skip:
        total += n_timesteps * n_features * n_outputs
    return total
