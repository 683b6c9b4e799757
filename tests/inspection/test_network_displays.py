"""Displays of gates and gradients of networks."""

import builtins

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, SlidingWindowTransformer
from skrnn.inspection import (
    GateActivationDisplay,
    GradientFlowDisplay,
    gate_activations,
    gradient_flow,
)

pytestmark = pytest.mark.usefixtures("on_no_screen")


@pytest.fixture(scope="module")
def rows():
    X = np.random.default_rng(0).normal(size=(6, 5))
    X[1, :2] = np.nan
    return X, np.arange(6.0)


@pytest.fixture(scope="module")
def networks(rows):
    """Three networks with the weights that a fit starts from. Do not change them."""
    made = {
        "simple RNN": RNNRegressor(3, random_state=0),
        "LSTM": LSTMRegressor(3, random_state=0),
        "GRU": GRURegressor((3, 2), random_state=0),
    }
    for network in made.values():
        network._set_initial_weights(*rows)
    return made


# Gradient flow


def test_gradient_flow_is_drawn_step_by_step_on_a_logarithmic_axis():
    flow = {"a": [1e-6, 1e-3, 1.0], "b": [0.0, np.nan, 0.5, 2.0]}
    display = GradientFlowDisplay(flow=flow)
    assert display.flow is flow
    assert display.plot() is display
    first, second = display.lines_
    assert_array_equal(first.get_xydata(), [[1, 1e-6], [2, 1e-3], [3, 1]])
    # 0 has no logarithm: a gap, as at a missing step.
    assert_array_equal(second.get_xydata(), [[1, np.nan], [2, np.nan], [3, 0.5], [4, 2]])
    ax = display.ax_
    assert display.figure_ is ax.figure
    assert ax.get_yscale() == "log"
    assert (ax.get_xlabel(), ax.get_title()) == ("Step (1 is the oldest)", GRADIENT_TITLE)
    assert "d loss / d h" in ax.get_ylabel()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


GRADIENT_TITLE = "Gradient that reaches each step"


def test_gradients_of_0_and_no_gradients_can_be_drawn():
    display = GradientFlowDisplay(flow={"linear skip": np.zeros(3)}).plot()
    assert np.isnan(display.lines_[0].get_ydata()).all()
    assert GradientFlowDisplay(flow={}).plot().lines_ == []


def test_estimators_are_drawn_side_by_side(networks, rows):
    display = GradientFlowDisplay.from_estimators(networks, *rows, linestyle="--")
    assert list(display.flow) == list(networks)
    for line, (name, network) in zip(display.lines_, networks.items(), strict=True):
        assert line.get_label() == name
        assert line.get_linestyle() == "--"
        assert_array_equal(line.get_ydata(), gradient_flow(network, *rows))


def test_one_estimator_is_drawn_on_given_axes_under_its_name(networks, rows):
    _, ax = plt.subplots()
    network = networks["GRU"]
    display = GradientFlowDisplay.from_estimator(network, *rows, layer=0, ax=ax)
    GradientFlowDisplay.from_estimator(network, *rows, initial=True, name="at first", ax=ax)
    assert display.ax_ is ax
    assert [line.get_label() for line in ax.lines] == ["GRURegressor", "at first"]
    assert_array_equal(ax.lines[0].get_ydata(), gradient_flow(network, *rows, layer=0))
    # The network was never trained, so its weights are the initial ones.
    assert_array_equal(ax.lines[1].get_ydata(), gradient_flow(network, *rows))


# Gates


def test_gates_are_heat_maps_below_the_window():
    rng = np.random.default_rng(0)
    gates = {name: rng.uniform(size=(7, 4)) for name in ("input", "forget", "output")}
    gates["input"][2] = np.nan
    window = rng.normal(size=7)
    display = GateActivationDisplay(gates=gates, inputs=window).plot()
    assert display.axes_.shape == (4,)
    assert display.bounding_ax_ is None
    assert_array_equal(display.line_.get_xydata(), np.column_stack([np.arange(1, 8), window]))
    assert display.line_.axes is display.axes_[0]
    for ax, (name, values) in zip(display.axes_[1:], gates.items(), strict=True):
        image = display.images_[name]
        assert image.axes is ax
        assert ax.get_title() == f"{name.capitalize()} gate"
        # A column for each step and a row for each unit, numbered from 1.
        assert_array_equal(image.get_array().filled(np.nan), values.T)
        assert tuple(image.get_extent()) == (0.5, 7.5, 0.5, 4.5)
        assert image.get_clim() == (0, 1)
        assert image.origin == "lower"
    assert display.axes_[-1].get_xlabel() == "Step (1 is the oldest)"
    assert display.colorbar_.ax.get_ylabel() == "0: closed, 1: open"
    # The panels and one color bar.
    assert len(display.figure_.axes) == 5


@pytest.mark.parametrize("inputs", [None, np.ones((7, 2))], ids=["none", "two_features"])
def test_a_window_of_several_features_is_not_drawn(inputs):
    gates = {"reset": np.zeros((7, 4)), "update": np.ones((7, 4))}
    display = GateActivationDisplay(gates=gates, inputs=inputs).plot(cmap="gray")
    assert display.line_ is None
    assert display.axes_.shape == (2,)
    assert display.images_["reset"].get_cmap().name == "gray"


def test_panels_take_the_place_of_given_axes():
    figure, (left, right) = plt.subplots(1, 2)
    gates = {"reset": np.zeros((7, 4)), "update": np.ones((7, 4))}
    display = GateActivationDisplay(gates=gates, inputs=np.arange(7)).plot(right)
    assert display.bounding_ax_ is right
    assert display.figure_ is figure
    assert not right.axison
    assert left.axison
    figure.canvas.draw()
    for panel in display.axes_:
        assert panel.get_position().x0 > left.get_position().x1


def test_gates_of_one_row_are_read_from_an_estimator(networks, rows):
    X, _ = rows
    display = GateActivationDisplay.from_estimator(networks["LSTM"], X, sample=1)
    assert list(display.gates) == ["input", "forget", "output"]
    for name, gate in gate_activations(networks["LSTM"], X).items():
        assert_allclose(display.gates[name], gate[1], rtol=1e-5)
    assert_array_equal(display.line_.get_ydata(), X[1])

    display = GateActivationDisplay.from_estimator(networks["GRU"], X, sample=-1, layer=1)
    assert_allclose(
        display.gates["update"],
        gate_activations(networks["GRU"], X, layer=1)["update"][-1],
        rtol=1e-5,
    )


def test_a_row_of_a_pipeline_is_read_through_its_steps(series):
    pipe = make_pipeline(
        StandardScaler(),
        SlidingWindowTransformer(5),
        GRURegressor(3, epochs=1, random_state=0),
    ).set_output(transform="pandas")
    pipe.fit(series, series[:, 0])
    display = GateActivationDisplay.from_estimator(pipe, series, sample=30)
    assert_allclose(display.line_.get_ydata(), pipe[0].transform(series).to_numpy()[25:30, 0])
    assert_allclose(display.gates["reset"], gate_activations(pipe, series)["reset"][30], rtol=1e-5)


def test_rows_and_estimators_that_cannot_be_drawn_are_refused(networks, rows):
    X, y = rows
    already_open = plt.get_fignums()
    with pytest.raises(ValueError, match=r"sample=6 is not one of the 6 row\(s\)"):
        GateActivationDisplay.from_estimator(networks["LSTM"], X, sample=6)
    with pytest.raises(ValueError, match="'direction' parameter"):
        GateActivationDisplay.from_estimator(networks["LSTM"], X, direction="sideways")
    with pytest.raises(ValueError, match="RNNRegressor has no gates"):
        GateActivationDisplay.from_estimator(networks["simple RNN"], X)
    with pytest.raises(NotFittedError):
        GateActivationDisplay.from_estimator(LSTMRegressor(), X)
    with pytest.raises(NotFittedError):
        GradientFlowDisplay.from_estimator(LSTMRegressor(), X, y)
    assert plt.get_fignums() == already_open


@pytest.mark.parametrize(
    ("display", "of_class"),
    [
        (GradientFlowDisplay(flow={"a": [1.0]}), "GradientFlowDisplay"),
        (GateActivationDisplay(gates={"reset": [[1.0]]}), "GateActivationDisplay"),
    ],
)
def test_missing_matplotlib_is_named(display, of_class, monkeypatch):
    import_module = builtins.__import__

    def import_other(name, *args, **kwargs):
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return import_module(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", import_other)
    with pytest.raises(ImportError, match=rf"{of_class}\.plot requires matplotlib"):
        display.plot()


def test_gates_that_cannot_be_drawn_are_refused():
    with pytest.raises(ValueError, match="gates is empty"):
        GateActivationDisplay(gates={}).plot()
    ax = plt.figure().add_axes((0, 0, 1, 1))
    with pytest.raises(ValueError, match="ax has no place in a grid"):
        GateActivationDisplay(gates={"input": np.zeros((3, 2))}).plot(ax)
