"""Displays of losses, forecasts and comparisons."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.dates import num2date
from scipy import stats
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skrnn import GRURegressor, NaiveRegressor, RNNRegressor, SlidingWindowTransformer, forecast
from skrnn.inspection import (
    ComparisonDisplay,
    ForecastDisplay,
    LossCurveDisplay,
    ReliabilityDisplay,
)
from skrnn.model_selection import compare_regressors

RNG = np.random.default_rng(0)
DAYS = pd.date_range("2024-01-01", periods=40, freq="D", name="day")
LEVEL = pd.Series(np.cumsum(RNG.normal(size=40)), DAYS, name="level")
FRAME = LEVEL.to_frame()


pytestmark = pytest.mark.usefixtures("on_no_screen")


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


# Losses


@pytest.fixture(scope="module")
def network():
    """A network fitted with validation rows. Do not fit it again."""
    model = RNNRegressor(2, epochs=6, early_stopping=True, random_state=0)
    return model.fit(RNG.normal(size=(40, 3)), RNG.normal(size=40))


def test_loss_curves_equal_the_history(network):
    display = LossCurveDisplay.from_estimator(network)
    for line, name in zip(display.lines_, ["loss", "val_loss"], strict=True):
        np.testing.assert_array_equal(line.get_xdata(), range(1, network.n_iter_ + 1))
        np.testing.assert_array_equal(line.get_ydata(), network.history_[name])
    assert display.ax_.get_title() == "Training of RNNRegressor"
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Epoch", "Loss")


def test_the_best_epoch_is_marked_where_the_validation_loss_is_smallest(network):
    display = LossCurveDisplay.from_estimator(network)
    best = int(np.argmin(network.history_["val_loss"]))
    assert display.best_epoch_ == best + 1
    (marker,) = [line for line in display.ax_.get_lines() if line not in display.lines_]
    assert marker.get_xydata().tolist() == [[best + 1, network.history_["val_loss"][best]]]
    assert legend_of(display) == ["training", "validation", f"best epoch: {best + 1}"]


def test_without_validation_there_is_one_line():
    display = LossCurveDisplay(loss=[3.0, 2.0]).plot(color="red")
    assert len(display.lines_) == 1
    assert display.best_epoch_ is None
    assert display.lines_[0].get_color() == "red"
    assert display.ax_.get_title() == "Training"


def test_epochs_without_a_validation_loss_are_not_the_best():
    display = LossCurveDisplay(loss=[3.0, 2.0, 1.0], val_loss=[np.nan, 2.0, 3.0]).plot()
    assert display.best_epoch_ == 2
    assert LossCurveDisplay(loss=[1.0], val_loss=[np.nan]).plot().best_epoch_ is None


def test_losses_of_the_network_in_a_pipeline_and_a_search():
    pipe = make_pipeline(SlidingWindowTransformer(3), GRURegressor(2, epochs=2, random_state=0))
    search = GridSearchCV(pipe, {"gruregressor__units": [2]}, cv=TimeSeriesSplit(2))
    search.fit(FRAME, LEVEL)
    history = search.best_estimator_[-1].history_["loss"]
    for estimator in (search, search.best_estimator_):
        display = LossCurveDisplay.from_estimator(estimator, name="mine")
        np.testing.assert_array_equal(display.lines_[0].get_ydata(), history)
        assert display.ax_.get_title() == "Training of mine"


def test_only_a_fitted_network_has_losses():
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(RNNRegressor())
    with pytest.raises(TypeError, match="it has no network to inspect"):
        LossCurveDisplay.from_estimator(Ridge().fit([[1.0], [2.0]], [1.0, 2.0]))


# Forecasts


@pytest.fixture(scope="module")
def line():
    """A linear model on windows, fitted on the first thirty days. Do not fit it again."""
    pipe = make_pipeline(SlidingWindowTransformer(3), LinearRegression())
    return pipe.fit(FRAME.iloc[:30], LEVEL.iloc[:30])


def test_predictions_are_drawn_over_the_dates_of_their_rows(line):
    display = ForecastDisplay.from_estimator(line, FRAME, LEVEL, border=DAYS[30])
    real, predicted = display.lines_
    for drawn, values in [(real, LEVEL), (predicted, line.predict(FRAME))]:
        np.testing.assert_array_equal(drawn.get_xdata(), DAYS.to_numpy())
        np.testing.assert_array_equal(drawn.get_ydata(), values)
    assert display.border_.get_xdata() == [DAYS[30].to_datetime64()] * 2
    assert legend_of(display) == ["real", "LinearRegression", "first test row"]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("day", "level")
    first, last = (num2date(end).date() for end in display.ax_.get_xlim())
    assert first <= DAYS[0].date()
    assert last >= DAYS[-1].date()


def test_a_border_may_be_written_as_text_and_lines_as_matplotlib_calls_them(line):
    display = ForecastDisplay.from_estimator(line, FRAME, LEVEL, border="2024-01-31", lw=3)
    assert display.border_.get_xdata()[0] == DAYS[30].to_datetime64()
    assert display.lines_[1].get_linewidth() == 3


def test_predictions_in_another_time_zone_are_drawn_at_their_rows():
    hours = pd.date_range("2024-01-01", periods=4, freq="h", tz="Europe/Berlin")
    y = pd.Series([1.0, 2.0, 3.0, 4.0], hours)
    display = ForecastDisplay.from_predictions(y, y.tz_convert("UTC"), border=hours[1])
    real, predicted = display.lines_
    np.testing.assert_array_equal(real.get_xdata(), predicted.get_xdata())
    assert display.border_.get_xdata()[0] == real.get_xdata()[1]


def test_future_rows_are_drawn_after_the_known_ones(line):
    future = forecast(line, 5)
    display = ForecastDisplay.from_predictions(LEVEL.iloc[:30], future, name="line")
    assert display.lines_[1].get_xdata()[0] == DAYS[30].to_datetime64()
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), future)
    assert legend_of(display) == ["real", "line"]
    assert display.border_ is None


def corners_of(band):
    return {tuple(corner) for corner in band.get_paths()[0].vertices}


def test_bands_lie_between_pairs_of_quantiles():
    y = np.arange(5.0)
    quantiles = y[:, None] + [-2, -1, 0, 1, 3]
    display = ForecastDisplay.from_predictions(y, y, quantiles=quantiles)
    outer, inner = (corners_of(band) for band in display.bands_)
    for band, first, last in [(outer, 0, 4), (inner, 1, 3)]:
        assert set(enumerate(quantiles[:, first])) <= band
        assert set(enumerate(quantiles[:, last])) <= band
    assert legend_of(display) == ["real", "predicted", "interval"]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Row", "y")


def test_forecasts_with_quantiles_are_drawn_as_a_fan():
    frame = LEVEL.iloc[:30].to_frame()
    naive = NaiveRegressor(quantiles=(0.05, 0.25, 0.5, 0.75, 0.95))
    pipe = make_pipeline(SlidingWindowTransformer(3), naive).fit(frame, frame["level"])
    fan = forecast(pipe, 5, quantiles=True, random_state=0)
    display = ForecastDisplay.from_predictions(frame["level"], fan, name="naive")
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), fan[0.5])
    assert legend_of(display) == ["real", "naive", "90 % interval", "50 % interval"]
    assert len(display.bands_) == 2


def test_quantiles_of_an_estimator_are_drawn():
    naive = NaiveRegressor(quantiles=(0.1, 0.5, 0.9))
    pipe = make_pipeline(SlidingWindowTransformer(3), naive).fit(FRAME, LEVEL)
    display = ForecastDisplay.from_estimator(pipe, FRAME, LEVEL, quantiles=True)
    (band,) = display.bands_
    lower = pipe.predict(FRAME, return_quantiles=True)[1][:, 0]
    assert set(lower) <= {corner for _, corner in corners_of(band)}
    assert "80 % interval" in legend_of(display)
    with pytest.raises(ValueError, match="predicts no quantiles"):
        ForecastDisplay.from_estimator(Ridge().fit(FRAME, LEVEL), FRAME, LEVEL, quantiles=True)


@pytest.mark.parametrize(
    "index",
    [
        pd.period_range("2024-01", periods=3, freq="M"),
        pd.date_range("2024-01-01", periods=3, freq="h", tz="Europe/Berlin"),
        pd.timedelta_range("1s", periods=3, freq="s"),
        pd.Index([5, 7, 9]),
        pd.Index(["a", "b", "c"]),
    ],
    ids=lambda index: type(index).__name__ + str(index.dtype),
)
def test_labels_of_every_kind_are_drawn(index):
    display = ForecastDisplay.from_predictions(
        pd.Series([1.0, 2.0, 3.0], index), [1.0, 1.0, 2.0], border=index[1]
    )
    display.figure_.canvas.draw()
    x = display.lines_[0].get_xdata(orig=False)
    assert (np.diff(x) > 0).all()
    assert display.border_.get_xdata(orig=False)[0] == x[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y_pred": np.zeros(3)}, r"y_pred has shape \(3,\), but shape \(40,\) is expected"),
        ({"y_pred": np.zeros((40, 2))}, r"y_pred has shape \(40, 2\)"),
        ({"y_true": np.zeros((40, 2))}, r"y_true has shape \(40, 2\), but shape"),
        ({"y_pred": pd.Series([1.0, 2.0])}, r"no common axis. A pipeline keeps dates if"),
        ({"quantiles": np.zeros(40)}, r"quantiles has shape \(40,\)"),
        ({"quantiles": np.zeros((40, 1))}, r"quantiles has shape \(40, 1\)"),
        ({"quantiles": np.zeros((3, 2))}, r"quantiles has shape \(3, 2\)"),
        ({"y_true": pd.concat({"a": LEVEL})}, "it is a panel"),
        (
            {"y_true": FRAME.assign(low=0.0)},
            r"y_true has the columns \['level', 'low'\], but one column is expected\. "
            r"Choose one: y_true\['level'\]\.",
        ),
        ({"y_pred": pl.DataFrame({"a": [1.0], "b": [2.0]})}, r"Choose one: y_pred\['a'\]"),
        ({"y_pred": FRAME[[]]}, r"the columns \[\], .* Give a Series"),
    ],
)
def test_forecasts_that_cannot_be_drawn_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ForecastDisplay.from_predictions(**{"y_true": LEVEL, "y_pred": LEVEL, **arguments})


@pytest.mark.parametrize(
    "y",
    [
        FRAME,
        FRAME.to_numpy(),
        pl.DataFrame({"level": LEVEL.to_numpy()}),
        pl.Series(LEVEL.to_numpy()),
    ],
    ids=["pandas", "array", "polars", "polars Series"],
)
def test_a_table_of_one_column_is_drawn_like_its_column(y, line):
    expected = ForecastDisplay.from_estimator(line, FRAME, LEVEL)
    for display in (
        ForecastDisplay.from_estimator(line, FRAME, y),
        ForecastDisplay.from_predictions(LEVEL, y),
    ):
        drawn = display.lines_[0]
        np.testing.assert_array_equal(drawn.get_xdata(), expected.lines_[0].get_xdata())
        np.testing.assert_array_equal(drawn.get_ydata(), LEVEL)


def test_several_columns_are_refused(line):
    two = FRAME.assign(low=0.0)
    with pytest.raises(ValueError, match=r"y has the columns .* Choose one: y\['level'\]"):
        ForecastDisplay.from_estimator(line, FRAME, two)
    both = make_pipeline(SlidingWindowTransformer(3), LinearRegression()).fit(FRAME, two)
    with pytest.raises(ValueError, match=r"predicts an array of shape \(40, 2\), .*\[:, 0\]\)"):
        ForecastDisplay.from_estimator(both, FRAME, LEVEL)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[40, 39\]"):
        ForecastDisplay.from_estimator(line, FRAME, LEVEL[1:])


# Comparisons


def test_other_objects_than_a_comparison_are_refused():
    with pytest.raises(TypeError, match="comparison is a Ridge, not a result of compare_regr"):
        ComparisonDisplay.from_comparison(Ridge())


@pytest.fixture(scope="module")
def comparison():
    pipe = make_pipeline(SlidingWindowTransformer(3), LinearRegression())
    return compare_regressors({"line": pipe}, FRAME, LEVEL, cv=TimeSeriesSplit(3))


def test_each_split_is_a_point_and_the_rival_a_line(comparison):
    display = ComparisonDisplay.from_comparison(comparison)
    means = comparison.frame()["RMSE"].sort_values()
    for place, (name, points) in enumerate(zip(means.index, display.points_, strict=True)):
        drawn = points.get_offsets()
        np.testing.assert_array_equal(drawn[:, 0], comparison.scores[name]["RMSE"])
        np.testing.assert_array_equal(drawn[:, 1], place)
    np.testing.assert_allclose(display.means_.get_xdata(), means)
    assert display.baseline_.get_xdata()[0] == pytest.approx(means["NaiveRegressor"])
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == list(means.index)
    assert display.ax_.get_xlabel() == "RMSE"
    assert legend_of(display) == ["mean of NaiveRegressor", "split", "mean"]


def test_other_metrics_are_drawn_by_name(comparison):
    display = ComparisonDisplay.from_comparison(comparison, metric="MASE")
    np.testing.assert_allclose(
        sorted(display.means_.get_xdata()), sorted(comparison.frame()["MASE"])
    )
    with pytest.raises(ValueError, match="metric='R2' is not one of 'RMSE', 'MAE', 'MASE'"):
        ComparisonDisplay.from_comparison(comparison, metric="R2")


# All


def test_displays_draw_on_axes_that_are_given(comparison, network):
    figure, axes = plt.subplots(1, 3)
    displays = [
        LossCurveDisplay.from_estimator(network, ax=axes[0]),
        ForecastDisplay.from_predictions(LEVEL, LEVEL, ax=axes[1]),
        ComparisonDisplay.from_comparison(comparison, ax=axes[2]),
    ]
    for display, ax in zip(displays, axes, strict=True):
        assert display.ax_ is ax
        assert display.figure_ is figure


def test_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"LossCurveDisplay\.plot requires matplotlib"):
        LossCurveDisplay(loss=[1.0]).plot()


# Reliability


def test_observed_shares_are_counted():
    quantiles = (0.1, 0.5, 0.9)
    rng = np.random.default_rng(0)
    y = rng.normal(size=50)
    predicted = np.sort(rng.normal(size=(50, 3)))
    display = ReliabilityDisplay.from_predictions(y, predicted, quantiles=quantiles, color="red")
    expected = [
        sum(real <= row[k] for real, row in zip(y, predicted, strict=True)) / 50 for k in range(3)
    ]
    np.testing.assert_allclose(display.line_.get_ydata(), expected)
    np.testing.assert_allclose(display.line_.get_xdata(), quantiles)
    assert display.line_.get_color() == "red"
    assert legend_of(display) == ["95 % of chance", "reliable", "observed"]


def test_the_area_of_chance_is_binomial():
    y = np.arange(40.0)
    display = ReliabilityDisplay.from_predictions(y, np.zeros((40, 2)), quantiles=(0.2, 0.5))
    at_half = [height for level, height in corners_of(display.band_) if level == 0.5]
    expected = stats.binom(40, 0.5).ppf([0.025, 0.975]) / 40
    np.testing.assert_allclose(sorted(set(at_half)), expected)


def test_reliability_of_an_estimator_with_several_outputs():
    frame = pd.DataFrame({"a": LEVEL, "b": -2 * LEVEL})
    naive = NaiveRegressor(quantiles=(0.1, 0.5, 0.9))
    pipe = make_pipeline(SlidingWindowTransformer(3), naive).fit(frame, frame)
    display = ReliabilityDisplay.from_estimator(pipe, frame, frame)
    assert display.n_values == 2 * len(frame)
    expected = frame.to_numpy()[..., None] <= pipe.predict(frame, return_quantiles=True)[1]
    np.testing.assert_allclose(display.observed, expected.mean(axis=(0, 1)))
    assert "NaiveRegressor" in legend_of(display)


def test_quantiles_without_their_levels_are_refused():
    with pytest.raises(ValueError, match=r"quantiles=\(0.5,\) has 1 level"):
        ReliabilityDisplay.from_predictions([1.0], [[0.0, 1.0]], quantiles=(0.5,))


def test_quantiles_with_labels_in_another_order_are_refused():
    y = pd.Series(np.arange(5.0), pd.date_range("2024-01-01", periods=5))
    table = pd.DataFrame({0.1: y - 1, 0.5: y, 0.9: y + 1})
    message = r"labels of quantiles, .* Give quantiles\.loc\[y_pred\.index\]\."
    with pytest.raises(ValueError, match=message):
        ForecastDisplay.from_predictions(y, y, quantiles=table[::-1])
    display = ForecastDisplay.from_predictions(y, y, quantiles=table[::-1].loc[y.index])
    pd.testing.assert_frame_equal(display.quantiles, table)
