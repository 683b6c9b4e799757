"""How much of the gradient reaches each step."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils._param_validation import validate_parameter_constraints

from skrnn.inspection._gates import CONSTRAINTS
from skrnn.inspection._reach import find_layer, reach, start


def gradient_flow(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    layer: int = -1,
    direction: str = "forward",
    initial: bool = False,
) -> np.ndarray:
    """Measure how much of the gradient of the loss reaches each step.

    Training can use what stood at a step only as far as the loss depends on the state after it.
    The gradient of the loss with respect to that state shows how far: where it vanishes, nothing is
    learned from the step, and where it explodes, training is unstable.

    Parameters
    ----------
    estimator : estimator
        A recurrent estimator, or a Pipeline or a search that ends in one. It is not changed.

    X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
        Rows, as in `fit`. Those of a Pipeline pass its steps first.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, as in `fit`.

    layer : int, default=-1
        Which of the stacked recurrent layers: 0 is the first, -1 the last. Of an `encoder_decoder`
        those of the encoder, which read.

    direction : {"forward", "backward"}, default="forward"
        Which half of a bidirectional layer.

    initial : bool, default=False
        Whether to measure where ``fit(X, y)`` would start from, instead of where it has arrived.
        The estimator need not be fitted then, and the steps of a Pipeline are fitted on X. Without
        a `random_state` the initial weights are others each time.

    Returns
    -------
    flow : ndarray of shape (n_timesteps,)
        Of each step, in the order of time, the mean over the rows of the Euclidean norm of the
        gradient of the loss of a row with respect to the output state h of the layer after that
        step. It is the whole derivative, through all that follows. A row that lacks a step does not
        count there; NaN if all lack it.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted and `initial` is False, or it is a search that is not fitted.
    TypeError
        If the estimator does not end in a recurrent estimator of skrnn.
    ValueError
        If X or y are not what `fit` takes, the layer or the direction is not there, or the loss
        does not return one number for each row.

    See Also
    --------
    GradientFlowDisplay : Draws it for one estimator or several.
    gate_activations : How far each gate is open at each step.

    Notes
    -----
    The loss is that which the estimator has now, in the scale of training: targets are standardized
    if the estimator does so, and classes and steps weigh what they weigh there. Nothing is dropped
    out. With `architecture="vector_to_sequence"` steps are those of the repeated vector.

    A bidirectional layer that reads backwards reaches the first step last, so that its gradient
    fades the other way.

    References
    ----------
    Bengio, Y., Simard, P. & Frasconi, P. (1994). Learning long-term dependencies with gradient
    descent is difficult. IEEE Transactions on Neural Networks, 5(2).

    Pascanu, R., Mikolov, T. & Bengio, Y. (2013). On the difficulty of training recurrent neural
    networks. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import gradient_flow
    >>> X = np.random.default_rng(0).normal(size=(50, 100))
    >>> flow = gradient_flow(RNNRegressor(random_state=0), X, X[:, -1], initial=True)
    >>> flow.shape
    (100,)
    >>> bool(flow[0] < flow[-1] / 1000)
    True
    """
    # Not by scikit-learn's decorator, which takes what an estimator says of its own parameters for
    # something about those of the function.
    constraints = CONSTRAINTS | {"y": ["array-like"], "initial": ["boolean"]}
    given = {"estimator": estimator, "X": X, "y": y, "layer": layer, "direction": direction}
    given |= {"initial": initial}
    validate_parameter_constraints(constraints, given, caller_name="gradient_flow")
    recurrent, rows_of_network = start(estimator, X, y) if initial else reach(estimator, X)
    place = find_layer(recurrent._network, layer, direction)
    from skrnn._network.gates_and_gradients import measure_gradients

    rows = recurrent._make_rows_again(rows_of_network, y)
    norms = measure_gradients(
        recurrent._make_network_with_kernels(),
        recurrent.weights_,
        rows,
        recurrent._make_batch_loss(rows).differentiate_rows,
        **place,
    )
    return _mean_of_present(norms)


def _mean_of_present(values: np.ndarray) -> np.ndarray:
    """Return the means over the rows in which there is a number; NaN if there is none."""
    is_there = ~np.isnan(values)
    counts = np.count_nonzero(is_there, axis=0)
    total = np.where(is_there, values, 0.0).sum(axis=0)
    return np.divide(total, counts, out=np.full(len(counts), np.nan), where=counts > 0)
