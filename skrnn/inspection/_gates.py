"""Gates of LSTM and GRU layers: how far they are open at each step."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils._param_validation import HasMethods, StrOptions, validate_parameter_constraints

from skrnn.estimators._base import BaseRecurrentEstimator
from skrnn.inspection._fitted_network import find_layer, find_network_and_rows

CONSTRAINTS: dict[str, list[Any]] = {
    "estimator": [HasMethods(["fit", "predict"])],
    "X": ["array-like"],
    "layer": [Integral],
    "direction": [StrOptions({"forward", "backward"})],
}


def gate_activations(
    estimator: Any, X: Any, *, layer: int = 0, direction: str = "forward"
) -> dict[str, np.ndarray]:
    """Read how far each gate of a layer is open at each step.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator with LSTM or GRU cells, or a fitted Pipeline or search that ends in one.

    X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
        Rows, as in `predict`. A Pipeline transforms them first.

    layer : int, default=0
        Number of the recurrent layer: 0 is the first, -1 the last. With an `encoder_decoder`,
        layers of the encoder are counted.

    direction : {"forward", "backward"}, default="forward"
        Direction of a bidirectional layer.

    Returns
    -------
    gates : dict of str to ndarray of shape (n_samples, n_timesteps, units)
        Activations between 0 (closed) and 1 (open), in order of time, NaN at missing steps. An LSTM
        has the gates ``"input"``, ``"forget"`` and ``"output"``, a GRU ``"reset"`` and
        ``"update"``.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator does not end in a recurrent estimator of skrnn.
    ValueError
        If the cells have no gates, the layer or the direction does not exist, or `predict` refuses
        X.

    See Also
    --------
    GateActivationDisplay : Draw the gates for one row.
    gradient_flow : Measure how much of the gradient reaches each step.

    Notes
    -----
    With the state c of an LSTM and the candidate g, ``c = forget * c + input * g`` and
    ``h = output * activation(c)``. A forget gate at 1 keeps the old state.

    In a GRU, ``h = update * h + (1 - update) * g``. An update gate at 1 keeps the old state, as in
    Keras. Some papers define the update gate the other way round (Chung et al. 2014).

    References
    ----------
    Gers, F., Schmidhuber, J. & Cummins, F. (2000). Learning to forget: continual prediction with
    LSTM. Neural Computation, 12(10).

    Chung, J., Gulcehre, C., Cho, K. & Bengio, Y. (2014). Empirical evaluation of gated recurrent
    neural networks on sequence modeling. arXiv:1412.3555.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import LSTMRegressor
    >>> from skrnn.inspection import gate_activations
    >>> X = np.random.default_rng(0).normal(size=(20, 5))
    >>> model = LSTMRegressor(units=3, epochs=1, random_state=0).fit(X, X[:, 0])
    >>> {name: gate.shape for name, gate in gate_activations(model, X).items()}
    {'input': (20, 5, 3), 'forget': (20, 5, 3), 'output': (20, 5, 3)}
    """
    given = {"estimator": estimator, "X": X, "layer": layer, "direction": direction}
    validate_parameter_constraints(CONSTRAINTS, given, caller_name="gate_activations")
    recurrent, rows = find_network_and_rows(estimator, X)
    return read_gates_of_network(recurrent, rows, layer=layer, direction=direction)


def read_gates_of_network(
    recurrent: BaseRecurrentEstimator, X: Any, *, layer: int, direction: str
) -> dict[str, np.ndarray]:
    """Return `gate_activations` of a recurrent estimator, for rows that have reached it."""
    network = recurrent._network
    if network["cell"] == "simple_rnn":
        raise ValueError(
            f"{type(recurrent).__name__} has no gates: its cell is a simple RNN. Give an estimator "
            "with LSTM or GRU cells."
        )
    place = find_layer(network, layer, direction)
    from skrnn._network.gates_and_gradients import read_gates

    made = recurrent._make_network_with_kernels()
    return read_gates(made, recurrent.weights_, recurrent._validate_for_network(X), **place)
