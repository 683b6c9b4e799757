"""Gradients of the loss with respect to the states after each step."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils._param_validation import validate_parameter_constraints

from skrnn.inspection._fitted_network import find_layer, find_network_and_rows, start_network
from skrnn.inspection._gates import CONSTRAINTS


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

    Training learns from a step only as far as the loss depends on the state after this step. The
    gradient of the loss with respect to the state measures this. Where the gradient vanishes,
    nothing is learned from the step. Where it explodes, training is unstable.

    Parameters
    ----------
    estimator : estimator
        A recurrent estimator, or a Pipeline or a search that ends in one. It is not changed.

    X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
        Rows, as in `fit`. A Pipeline transforms them first.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, as in `fit`.

    layer : int, default=-1
        Number of the recurrent layer: 0 is the first, -1 the last. With an `encoder_decoder`,
        layers of the encoder are counted.

    direction : {"forward", "backward"}, default="forward"
        Direction of a bidirectional layer.

    initial : bool, default=False
        If True, measure with the weights that ``fit(X, y)`` starts from, instead of the fitted
        weights. The estimator need not be fitted, and transformers of a Pipeline are fitted on X.
        Without a `random_state`, the initial weights differ from call to call.

    Returns
    -------
    flow : ndarray of shape (n_timesteps,)
        One number for each step, in order of time: the norm of the gradient, averaged over the
        rows. The gradient is the total derivative of the loss of a row with respect to the output
        state h of the layer after the step, and the norm is the Euclidean norm. Rows in which a
        step is missing do not count at this step. NaN if the step is missing in all rows.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted and `initial` is False, or a search is not fitted.
    TypeError
        If the estimator does not end in a recurrent estimator of skrnn.
    ValueError
        If `fit` refuses X or y, the layer or the direction does not exist, or the loss does not
        return one number for each row.

    See Also
    --------
    GradientFlowDisplay : Draw the gradients of one or several estimators.
    gate_activations : Read how far each gate is open at each step.

    Notes
    -----
    The loss is the current `loss` of the estimator, computed as in training: with standardized
    targets if the estimator standardizes them, and with the weights of classes and steps. Dropout
    is not applied. With `architecture="vector_to_sequence"`, steps are those of the repeated
    vector.

    A layer that reads backwards comes to the first step last, so its gradient fades towards the
    last step.

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
    # scikit-learn's decorator would report wrong parameters of the estimator as those of this
    # function.
    constraints = CONSTRAINTS | {"y": ["array-like"], "initial": ["boolean"]}
    given = {"estimator": estimator, "X": X, "y": y, "layer": layer, "direction": direction}
    given |= {"initial": initial}
    validate_parameter_constraints(constraints, given, caller_name="gradient_flow")
    recurrent, rows_of_network = (
        start_network(estimator, X, y) if initial else find_network_and_rows(estimator, X)
    )
    place = find_layer(recurrent._network, layer, direction)
    from skrnn._network.gates_and_gradients import measure_gradients

    rows = recurrent._encode_rows_as_fitted(rows_of_network, y)
    norms = measure_gradients(
        recurrent._make_network_with_kernels(),
        recurrent.weights_,
        rows,
        recurrent._make_batch_loss(rows).differentiate_rows,
        **place,
    )
    return _mean_without_nan(norms)


def _mean_without_nan(values: np.ndarray) -> np.ndarray:
    """Return the mean of each column without its NaN values; NaN if it has no other."""
    is_number = ~np.isnan(values)
    counts = np.count_nonzero(is_number, axis=0)
    total = np.where(is_number, values, 0.0).sum(axis=0)
    return np.divide(total, counts, out=np.full(len(counts), np.nan), where=counts > 0)
