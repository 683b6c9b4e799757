import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils import estimator_checks, get_tags

from skrnn.estimators._naive import NaiveRegressor
from skrnn.windows._transformer import SlidingWindowTransformer

N_ROWS, N_STEPS, N_FEATURES, N_OUTPUTS = 9, 7, 3, 5
STRATEGIES = ["last", "seasonal", "drift", "mean"]


@pytest.fixture
def windows():
    return np.random.default_rng(0).normal(10, 3, size=(N_ROWS, N_STEPS))


@pytest.fixture
def cube():
    return np.random.default_rng(1).normal(10, 3, size=(N_ROWS, N_STEPS, N_FEATURES))


@pytest.fixture
def y():
    return np.random.default_rng(2).normal(10, 3, size=(N_ROWS, N_OUTPUTS))


def by_hand(strategy, window, i, season_length):
    """Value of output i = 1, 2, ... for one window, a list of floats."""
    if strategy == "last":
        return window[-1]
    if strategy == "mean":
        return sum(window) / len(window)
    if strategy == "drift":
        return window[-1] + i * (window[-1] - window[0]) / (len(window) - 1)
    # Walk back from the predicted step, one season after the other, until inside the window.
    position = len(window) - 1 + i
    while position > len(window) - 1:
        position -= season_length
    return window[position]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("season_length", [1, 2, 3, N_STEPS])
def test_predictions_are_those_of_a_loop_over_rows_and_outputs(windows, y, strategy, season_length):
    model = NaiveRegressor(strategy, season_length).fit(windows, y)
    expected = [
        [by_hand(strategy, list(row), i, season_length) for i in range(1, N_OUTPUTS + 1)]
        for row in windows
    ]
    np.testing.assert_allclose(model.predict(windows), expected, rtol=1e-13)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("feature", range(N_FEATURES))
def test_feature_chooses_the_column_of_3d_windows(cube, y, strategy, feature):
    of_cube = NaiveRegressor(strategy, 2, feature).fit(cube, y).predict(cube)
    column = np.ascontiguousarray(cube[:, :, feature])
    of_column = NaiveRegressor(strategy, 2).fit(column, y).predict(column)
    np.testing.assert_allclose(of_cube, of_column, rtol=1e-13)


def test_seasonal_repeats_the_season_when_more_outputs_are_asked_than_it_has():
    model = NaiveRegressor("seasonal", season_length=3).fit([[1, 2, 3, 4, 5]], [[0] * 7])
    np.testing.assert_array_equal(model.predict([[1, 2, 3, 4, 5]]), [[3, 4, 5, 3, 4, 5, 3]])


@pytest.mark.parametrize("shape", [(N_ROWS,), (N_ROWS, 1), (N_ROWS, N_OUTPUTS)])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_predictions_have_the_shape_of_y_and_are_float64(windows, shape, strategy):
    X = windows.astype(np.float32)
    y = np.random.default_rng(0).normal(10, 3, size=shape)
    predicted = NaiveRegressor(strategy, 2).fit(X, y).predict(X)
    assert predicted.shape == shape
    assert predicted.dtype == np.float64


def test_last_in_a_pipeline_is_the_value_of_the_day_before_to_the_last_digit():
    series = np.random.default_rng(3).normal(500, 50, size=40)
    pipe = make_pipeline(SlidingWindowTransformer(5, flatten=False), NaiveRegressor())
    pipe.fit(series[:30, None], series[:30])
    np.testing.assert_array_equal(pipe.predict(series[30:, None]), series[29:-1])


def test_last_beats_the_mean_on_a_random_walk():
    series = np.cumsum(np.random.default_rng(4).normal(size=300))
    scores = {}
    for strategy in ("last", "mean"):
        pipe = make_pipeline(SlidingWindowTransformer(20), NaiveRegressor(strategy))
        pipe.fit(series[:200, None], series[:200])
        scores[strategy] = pipe.score(series[200:, None], series[200:])
    assert scores["last"] > scores["mean"]


def test_fit_learns_the_shapes_of_2d_windows(windows, y):
    model = NaiveRegressor().fit(pd.DataFrame(windows).add_prefix("Open_lag"), y)
    assert (model.n_features_in_, model.n_timesteps_in_, model.n_outputs_) == (N_STEPS, N_STEPS, 5)
    assert list(model.feature_names_in_) == [f"Open_lag{k}" for k in range(N_STEPS)]


def test_fit_learns_the_shapes_of_3d_windows(cube, y):
    model = NaiveRegressor(feature=0).fit(cube, y[:, 0])
    assert (model.n_features_in_, model.n_timesteps_in_) == (N_FEATURES, N_STEPS)
    assert model.n_outputs_ == 1
    assert not hasattr(model, "feature_names_in_")


def test_3d_windows_at_predict_may_be_of_another_length(cube, y):
    model = NaiveRegressor("mean", feature=0).fit(cube, y[:, 0])
    np.testing.assert_allclose(model.predict(cube[:, 2:]), cube[:, 2:, 0].mean(axis=1))


def test_fit_and_predict_leave_x_as_it_is(cube, y):
    before = cube.copy()
    NaiveRegressor("drift", feature=0).fit(cube, y).predict(cube)
    np.testing.assert_array_equal(cube, before)


def test_predictions_survive_pickle_and_parameters_survive_clone(cube, y):
    model = NaiveRegressor("seasonal", 4, 1).fit(cube, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(cube), model.predict(cube))
    assert clone(model).get_params() == {
        "strategy": "seasonal",
        "season_length": 4,
        "feature": 1,
        "quantiles": None,
    }


# Which feature y is


def make_windows(rows, length=4, horizon=1):
    window = SlidingWindowTransformer(length, horizon=horizon, flatten=False)
    return window.fit_transform(rows)


@pytest.fixture(scope="module")
def walks():
    return 50 + np.random.default_rng(8).normal(size=(60, 3)).cumsum(axis=0)


@pytest.mark.parametrize("horizon", [1, 2, 5])
@pytest.mark.parametrize("scaler", [None, MinMaxScaler(), StandardScaler()], ids=str)
def test_the_feature_that_y_is_is_found_in_the_units_of_y(walks, horizon, scaler):
    rows = walks if scaler is None else scaler.fit_transform(walks)
    windows = make_windows(rows, horizon=horizon)
    model = NaiveRegressor().fit(windows, walks[:, 1])
    feature, shift, *_ = model.targets_[0]
    assert (feature, shift) == (1, horizon)
    np.testing.assert_allclose(model.predict(windows)[10:], walks[10 - horizon : -horizon, 1])


def test_each_of_several_columns_is_predicted_by_its_own_last_value(walks):
    windows = make_windows(walks)
    predicted = NaiveRegressor().fit(windows, walks[:, [2, 0]]).predict(windows)
    np.testing.assert_array_equal(predicted[1:], walks[:-1, [2, 0]])


@pytest.mark.parametrize("strategy", ["drift", "seasonal"])
def test_rules_go_as_many_steps_ahead_as_the_horizon(walks, strategy):
    series = walks[:, :1]
    model = NaiveRegressor(strategy, season_length=3)
    predicted = model.fit(make_windows(series, 5, 4), series[:, 0]).predict(
        make_windows(series, 5, 4)
    )
    for t in range(10, 60):
        window = list(series[t - 8 : t - 3, 0])
        assert predicted[t] == pytest.approx(by_hand(strategy, window, 4, 3), rel=1e-12)


def test_rows_may_come_in_any_order(walks):
    windows = make_windows(walks)
    order = np.random.default_rng(0).permutation(60)
    model = NaiveRegressor().fit(windows[order], walks[order, 2])
    assert model.targets_ == [(2, 1, 1.0, 0.0)]


def test_an_output_that_does_not_vary_is_no_step_of_a_feature_that_varies(walks):
    y = np.column_stack([walks[:, 1], np.full(60, 7.0)])
    with pytest.raises(ValueError, match="3 features, and column 1 of y is none of these features"):
        NaiveRegressor().fit(make_windows(walks), y)


def test_the_feature_must_be_given_where_y_is_none_of_several(walks):
    noise = np.random.default_rng(0).normal(size=60)
    with pytest.raises(
        ValueError, match=r"3 features, and .*y is none.*NaiveRegressor\(feature=0\)"
    ):
        NaiveRegressor().fit(make_windows(walks), noise)
    with pytest.raises(ValueError, match=r"windows of one step do not show.*feature=0"):
        NaiveRegressor().fit(make_windows(walks, 1), walks[:, 0])
    model = NaiveRegressor(feature=1).fit(make_windows(walks, 1), walks[:, 1])
    assert model.targets_ == [(1, 1, 1.0, 0.0)]


# scikit-learn's contract

# Several of scikit-learn's checks draw X and y at random, and of different spread.
SPREAD = "ignore:The standard deviation of the windows:UserWarning"


@pytest.mark.filterwarnings(SPREAD)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_check_of_scikit_learn_passes(strategy):
    results = estimator_checks.check_estimator(NaiveRegressor(strategy), on_skip=None)
    not_passed = {result["check_name"] for result in results if result["status"] != "passed"}
    # This one runs only where SCIPY_ARRAY_API is set before the import of SciPy.
    assert not_passed <= {"check_array_api_input"}


@pytest.mark.filterwarnings(SPREAD)
def test_invalid_parameters_are_refused_by_fit():
    estimator_checks.check_param_validation("NaiveRegressor", NaiveRegressor())


@pytest.mark.filterwarnings(SPREAD)
def test_column_names_must_be_those_of_fit():
    estimator_checks.check_dataframe_column_names_consistency("NaiveRegressor", NaiveRegressor())


def test_tags_say_what_it_takes():
    tags = get_tags(NaiveRegressor())
    assert tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    assert tags.target_tags.multi_output
    assert tags.regressor_tags.poor_score


# The warning about units


def test_a_target_of_other_units_warns_at_the_line_of_the_caller(windows):
    advice = r"make_pipeline\(SlidingWindowTransformer\(n\), NaiveRegressor\(\)\)"
    with pytest.warns(UserWarning, match=advice) as caught:
        NaiveRegressor().fit(windows, 100 * windows[:, 0])
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("factor", [0.11, 1, 9.9])
def test_spreads_within_a_factor_of_ten_do_not_warn(windows, factor):
    # All values stand in both, so their standard deviations are in the ratio of the factor.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        NaiveRegressor().fit(windows, factor * windows + 1000)


@pytest.mark.parametrize("factor", [0.099, 10.1])
def test_spreads_beyond_a_factor_of_ten_warn(windows, factor):
    with pytest.warns(UserWarning, match="standard deviation"):
        NaiveRegressor().fit(windows, factor * windows + 1000)


def test_the_warning_names_the_standard_deviations_of_the_feature_and_of_y(cube):
    y = 1e3 * cube[:, 0, 1]
    of_windows, of_y = f"{np.std(cube[:, :, 1]):.3g}", f"{np.std(y):.3g}"
    message = re.escape(f"windows is {of_windows}, but the standard deviation of y is {of_y}.")
    with pytest.warns(UserWarning, match=message):
        NaiveRegressor(feature=1).fit(cube, y)


def test_only_the_chosen_feature_decides_about_the_warning(cube):
    cube[:, :, 0] *= 1e6
    NaiveRegressor(feature=1).fit(cube, cube[:, -1, 1])
    with pytest.warns(UserWarning, match="standard deviation"):
        NaiveRegressor(feature=0).fit(cube, cube[:, -1, 1])


@pytest.mark.parametrize("which", ["windows", "y"])
def test_one_constant_of_the_two_warns(windows, which):
    # The mean of nine times 0.1 is not 0.1 in floats: a constant must be seen as one even so.
    X = np.full_like(windows, 0.1) if which == "windows" else windows
    y = np.full(N_ROWS, 0.1) if which == "y" else windows[:, 0]
    with pytest.warns(UserWarning, match="standard deviation"):
        NaiveRegressor().fit(X, y)


def test_two_constants_do_not_warn():
    NaiveRegressor().fit(np.full((N_ROWS, N_STEPS), 0.1), np.full(N_ROWS, 7.0))


def test_a_single_row_does_not_warn():
    NaiveRegressor().fit([[1.0, 2.0, 3.0]], [1000.0])


# Errors


@pytest.mark.parametrize(
    ("params", "shape", "message"),
    [
        ({}, (4, 3, 2, 1), r"shape \(4, 3, 2, 1\) has 4 dimension.* expects windows"),
        ({}, (4, 0, 1), r"Found array with 0 step.* while a minimum of 1 is required"),
        (
            {"strategy": "seasonal", "season_length": 8},
            (4, 7),
            r"season_length=8 needs windows of 8 steps or more, .* have 7 step.* longer",
        ),
        ({"strategy": "drift"}, (4, 1), r"strategy='drift' needs windows of 2 steps or more"),
        ({"feature": 1}, (4, 7), r"feature=1 is out of range: windows .* have 1 feature"),
        ({"feature": 2}, (4, 7, 2), r"feature=2 is out of range: windows .* have 2 feature"),
    ],
)
def test_fit_refuses_windows_that_the_strategy_cannot_use(params, shape, message):
    with pytest.raises(ValueError, match=message):
        NaiveRegressor(**params).fit(np.ones(shape), np.ones(4))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("place", ["fit", "predict"])
@pytest.mark.parametrize("n_dims", [2, 3])
def test_nan_and_infinity_in_the_windows_are_refused(windows, cube, y, value, place, n_dims):
    X = windows if n_dims == 2 else cube
    broken = X.copy()
    broken[4, 2] = value
    model = NaiveRegressor(feature=0)
    with pytest.raises(ValueError, match=r"X contains (NaN|infinity) in 1 of 9 rows"):
        model.fit(broken, y) if place == "fit" else model.fit(X, y).predict(broken)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_in_y_are_refused(windows, y, value):
    y[3, 1] = value
    with pytest.raises(ValueError, match="y contains"):
        NaiveRegressor().fit(windows, y)


def test_nan_padding_is_told_to_use_another_padding():
    series = np.arange(20.0)
    pipe = make_pipeline(SlidingWindowTransformer(3, padding="nan"), NaiveRegressor())
    with pytest.raises(ValueError, match=re.escape('SlidingWindowTransformer(padding="mean")')):
        pipe.fit(series[:, None], series)


def test_flattened_windows_of_several_columns_are_refused():
    frame = pd.DataFrame(np.random.default_rng(5).normal(size=(20, 2)), columns=["Open", "Close"])
    window = SlidingWindowTransformer(3, flatten=True).set_output(transform="pandas")
    with pytest.raises(ValueError, match=r"2 columns \(Open, Close\).*Remove flatten=True"):
        make_pipeline(window, NaiveRegressor()).fit(frame, frame["Open"])


def test_predict_before_fit_says_so(windows):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        NaiveRegressor().predict(windows)


def test_predict_refuses_another_number_of_dimensions_than_fit(windows, cube, y):
    with pytest.raises(
        ValueError, match=r"has 3 dimensions, but NaiveRegressor was fitted on 2-D X"
    ):
        NaiveRegressor().fit(windows, y).predict(cube)
    with pytest.raises(
        ValueError, match=r"has 2 dimensions, but NaiveRegressor was fitted on 3-D X"
    ):
        NaiveRegressor(feature=0).fit(cube, y).predict(windows)
    with pytest.raises(ValueError, match=r"has 1 dimension.* expects windows"):
        NaiveRegressor(feature=0).fit(cube, y).predict(windows[0])


def test_predict_refuses_another_number_of_columns_or_features_than_fit(windows, cube, y):
    with pytest.raises(ValueError, match="X has 6 features, but NaiveRegressor is expecting 7"):
        NaiveRegressor().fit(windows, y).predict(windows[:, 1:])
    with pytest.raises(ValueError, match="X has 2 features, but NaiveRegressor is expecting 3"):
        NaiveRegressor(feature=0).fit(cube, y).predict(cube[:, :, 1:])


def test_predict_refuses_3d_windows_too_short_for_the_strategy(cube, y):
    with pytest.raises(ValueError, match="season_length=5 needs windows of 5 steps or more"):
        NaiveRegressor("seasonal", 5, 0).fit(cube, y).predict(cube[:, 3:])


@pytest.mark.parametrize("fitted_before", [False, True])
@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("dimensions", "4 dimension"),
        ("X", "X contains NaN"),
        ("y", "y contains NaN"),
        ("parameter", "feature=1 is out of range"),
    ],
)
def test_a_failed_fit_changes_nothing(windows, y, fitted_before, broken, message):
    model = NaiveRegressor()
    if fitted_before:
        model.fit(pd.DataFrame(windows).add_prefix("step "), y)
    X = np.random.default_rng(6).normal(10, 3, size=(N_ROWS, 4))
    target = X[:, 0].copy()
    if broken == "dimensions":
        X = X.reshape(N_ROWS, 2, 2, 1)
    elif broken == "X":
        X[0, 0] = np.nan
    elif broken == "y":
        target[0] = np.nan
    else:
        model.set_params(feature=1)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(X, target)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())


def test_a_warning_that_is_an_error_changes_nothing_either(windows):
    model = NaiveRegressor()
    with (
        warnings.catch_warnings(action="error"),
        pytest.raises(UserWarning, match="standard deviation"),
    ):
        model.fit(windows, 1e3 * windows[:, 0])
    assert vars(model) == NaiveRegressor().get_params()


def test_targets_may_all_have_the_same_name():
    # pd.concat of a series and its shifts makes such columns.
    series = pd.Series(np.arange(10.0), name="level")
    y = pd.concat([series, series.shift(-1)], axis=1).iloc[:-1]
    windows = SlidingWindowTransformer(2, flatten=False).fit_transform(series.to_frame())[:-1]
    predicted = NaiveRegressor().fit(windows, y).predict(windows[3:])
    np.testing.assert_array_equal(predicted[:, 0], np.arange(2.0, 8.0))
    np.testing.assert_array_equal(predicted[:, 1], predicted[:, 0])


@pytest.mark.parametrize(("strategy", "size"), [("drift", 1.5e308), ("mean", 1e308)])
def test_next_values_beyond_float64_are_refused(strategy, size):
    windows = np.array([[-size, size]] * 2) if strategy == "drift" else np.full((2, 2), size)
    model = NaiveRegressor(strategy).fit(windows, windows[:, 0])
    with pytest.raises(ValueError, match=r"X reaches 1.*308, .* strategy='.*Divide X"):
        model.predict(windows)


@pytest.mark.filterwarnings(SPREAD)
def test_spreads_beyond_float64_are_compared_without_another_warning():
    NaiveRegressor().fit([[1.0, 2.0], [3.0, 4.0]], [0.0, 1e300])


# Quantiles


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("n_outputs", [None, 2])
def test_quantiles_are_those_of_the_errors_in_the_training_rows(walks, strategy, n_outputs):
    windows = make_windows(walks)
    y = walks[:, 0] if n_outputs is None else walks[:, :n_outputs]
    levels = (0.1, 0.5, 0.75)
    model = NaiveRegressor(strategy, quantiles=levels).fit(windows[:40], y[:40])
    predicted, quantiles = model.predict(windows[40:], return_quantiles=True)
    errors = y[:40] - model.predict(windows[:40])
    expected = predicted[..., None] + np.moveaxis(np.quantile(errors, levels, axis=0), 0, -1)
    np.testing.assert_allclose(quantiles, expected)
    np.testing.assert_array_equal(model.predict_quantiles(windows[40:]), quantiles)
    np.testing.assert_array_equal(model.predict(windows[40:]), predicted)


def test_a_pipeline_passes_the_quantiles_on(walks):
    pipe = make_pipeline(SlidingWindowTransformer(1), NaiveRegressor(quantiles=(0.2, 0.5)))
    pipe.fit(walks[:, :1], walks[:, 0])
    predicted, quantiles = pipe.predict(walks[:, :1], return_quantiles=True)
    assert quantiles.shape == (60, 2)
    np.testing.assert_array_equal(predicted, pipe.predict(walks[:, :1]))


def test_quantiles_that_were_not_fitted_are_refused(walks):
    model = NaiveRegressor().fit(walks[:, :3], walks[:, 2])
    with pytest.raises(ValueError, match="fitted without quantiles"):
        model.predict_quantiles(walks[:, :3])
    with pytest.raises(ValueError, match=r"quantiles=\(0.9, 0.1\) is not a sequence"):
        NaiveRegressor(quantiles=(0.9, 0.1)).fit(walks[:, :3], walks[:, 2])
