"""StepwiseTransformer: tables of steps, missing steps, shapes, and input that cannot be used."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    PowerTransformer,
    StandardScaler,
)
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

import skrnn
from skrnn import (
    GRUClassifier,
    LSTMClassifier,
    SlidingWindowTransformer,
    StepwiseTransformer,
    stack_sequences,
)

NAN = np.nan


def draw_sequences(lengths, n_features=3, seed=0):
    """Return sequences of random numbers, at another level in each feature."""
    rng = np.random.default_rng(seed)
    return [rng.gamma(2.0, size=(n, n_features)) + np.arange(n_features) for n in lengths]


def transformed_by_hand(transformer, sequences, *, fitted_on=None):
    """Fit a clone on the rows of all sequences, and transform each sequence on its own."""
    rows = [row for sequence in fitted_on or sequences for row in sequence]
    fitted = clone(transformer).fit(np.array(rows))
    return [fitted.transform(sequence.copy()) for sequence in sequences]


SEQUENCES = draw_sequences([4, 2, 7, 1, 5])
X = stack_sequences(SEQUENCES)
TRANSFORMERS = [
    StandardScaler(),
    StandardScaler(copy=False),
    MinMaxScaler((-1, 1)),
    PowerTransformer(),
    PCA(2),
    PCA(2, copy=False),
    make_column_transformer((StandardScaler(), [0, 2]), ("passthrough", [1])),
    make_pipeline(StandardScaler(), PCA(1)),
    StandardScaler().set_output(transform="pandas"),
    make_column_transformer((MinMaxScaler(), [2, 1])).set_output(transform="polars"),
]


# Values


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=str)
def test_steps_equal_those_of_a_loop_over_the_sequences(transformer):
    before = X.copy()
    stepwise = StepwiseTransformer(transformer)
    others = draw_sequences([9, 3], seed=1)
    for sequences in (SEQUENCES, others):
        expected = stack_sequences(transformed_by_hand(transformer, sequences, fitted_on=SEQUENCES))
        given = stack_sequences(sequences)
        assert_allclose(stepwise.fit(X).transform(given), expected, rtol=1e-10, atol=1e-12)
    assert_array_equal(X, before)


@given(data=st.data())
def test_missing_steps_may_be_anywhere_and_do_not_count(data):
    shape = data.draw(st.tuples(*[st.integers(1, 5)] * 2, st.integers(1, 3)))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    values = rng.normal(size=shape) + 5
    is_present = rng.random(shape[:2]) < 0.6
    is_present[0, 0] = True
    values[~is_present] = NAN
    scaled = StepwiseTransformer(StandardScaler()).fit_transform(values)
    table = np.array([step for row in values for step in row if not np.isnan(step[0])])
    center, spread = table.mean(axis=0), table.std(axis=0)
    spread[spread < 1e-12] = 1.0
    assert_allclose(scaled, (values - center) / spread, atol=1e-9)


def test_the_number_of_features_may_change():
    assert StepwiseTransformer(PCA(2)).fit_transform(X).shape == (5, 7, 2)
    assert StepwiseTransformer(PCA(1)).fit_transform(X).shape == (5, 7, 1)


def test_sequences_without_any_step_keep_the_shape_and_type_of_the_output():
    pca = StepwiseTransformer(PCA(2)).fit(X.astype(np.float32))
    nothing = pca.transform(np.full((2, 3, 3), NAN, np.float32))
    assert_array_equal(nothing, np.full((2, 3, 2), NAN, np.float32), strict=True)
    assert_array_equal(pca.inverse_transform(nothing), np.full((2, 3, 3), NAN))
    scale = StepwiseTransformer(StandardScaler()).fit(X[..., 0])
    assert_array_equal(scale.inverse_transform(np.full((2, 7), NAN)), np.full((2, 7), NAN))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_float_type_is_that_of_the_transformer(dtype):
    scale = StepwiseTransformer(StandardScaler()).fit(X.astype(dtype))
    assert scale.transform(X.astype(dtype)).dtype == dtype
    assert scale.inverse_transform(X.astype(dtype)).dtype == dtype


def test_sparse_output_becomes_dense():
    symbols = stack_sequences([[0.0, 1.0, 2.0], [1.0]])
    encoded = StepwiseTransformer(OneHotEncoder()).fit_transform(symbols)
    expected = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 1, 0], [NAN] * 3, [NAN] * 3]])
    assert_array_equal(encoded, expected)


def test_output_of_whole_numbers_can_hold_nan():
    doubled = StepwiseTransformer(FunctionTransformer(lambda steps: 2 * steps.astype(int)))
    assert_array_equal(doubled.fit_transform([[1.0, NAN], [3.0, 4.0]]), [[2, NAN], [6, 8]])


def test_read_only_views_of_one_series_are_transformed():
    rows = draw_sequences([30])[0]
    windows = SlidingWindowTransformer(4, padding="nan").fit_transform(rows)
    stepwise = StepwiseTransformer(StandardScaler(copy=False)).fit_transform(windows)
    mean, std = (fold(windows, axis=(0, 1)) for fold in (np.nanmean, np.nanstd))
    assert_allclose(stepwise, (windows - mean) / std)


# NaN in some features


def test_steps_with_nan_in_some_features_are_passed_on():
    holes = X.copy()
    holes[0, 1, 2] = holes[2, 3, 0] = NAN
    filled = StepwiseTransformer(SimpleImputer()).fit_transform(holes)
    means = [np.nanmean(holes[..., feature]) for feature in range(3)]
    expected = holes.copy()
    expected[0, 1, 2], expected[2, 3, 0] = means[2], means[0]
    assert_allclose(filled, expected)
    scaled = StepwiseTransformer(StandardScaler()).fit_transform(holes)
    assert_array_equal(np.isnan(scaled), np.isnan(holes))


def test_transformer_that_refuses_nan_in_some_features_says_how_to_fill_it():
    holes = X.copy()
    holes[0, :2, 2] = NAN
    message = r"X has 2 step\(s\) with NaN in some features.* PCA refuses NaN.*SimpleImputer\(\)"
    with pytest.raises(ValueError, match=message):
        StepwiseTransformer(PCA(2)).fit(holes)
    with pytest.raises(ValueError, match=message):
        StepwiseTransformer(PCA(2)).fit(X).transform(holes)
    StepwiseTransformer(make_pipeline(SimpleImputer(), PCA(2))).fit(holes)


def test_other_errors_of_the_transformer_are_not_changed():
    holes = X.copy()
    holes[0, 0, 0] = NAN
    for values in (X, holes):
        with pytest.raises(ValueError, match="'n_bins' parameter of KBinsDiscretizer"):
            StepwiseTransformer(KBinsDiscretizer(n_bins=1)).fit(values)


# Shapes and names


def test_two_dimensions_hold_one_feature_and_stay():
    table = X[..., 0]
    scale = StepwiseTransformer(MinMaxScaler()).fit(table)
    low, high = np.nanmin(table), np.nanmax(table)
    assert_allclose(scale.transform(table), (table - low) / (high - low))
    assert scale.n_features_in_ == 7
    assert scale.transformer_.n_features_in_ == 1


def test_two_dimensions_become_three_if_a_step_gets_several_features():
    bins = KBinsDiscretizer(3, strategy="uniform", encode="onehot")
    encoded = StepwiseTransformer(bins).fit_transform([[0.0, 1.0, NAN], [2.0, 3.0, 0.5]])
    expected = [[[1, 0, 0], [0, 1, 0], [NAN] * 3], [[0, 0, 1], [0, 0, 1], [1, 0, 0]]]
    assert_array_equal(encoded, expected)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_two_dimensions_have_names_in_and_out(container):
    index = ["a", "b"] if container == "pandas" else None
    frame = pd.DataFrame({"x_lag2": [1.0, 2.0], "x_lag1": [2.0, 3.0]}, index)
    scale = StepwiseTransformer(MinMaxScaler()).set_output(transform=container).fit(frame)
    out = scale.transform(frame)
    assert list(scale.get_feature_names_out()) == list(out.columns) == list(frame.columns)
    assert_array_equal(out.to_numpy(), [[0, 0.5], [0.5, 1]])
    if container == "pandas":
        assert list(out.index) == index


def test_three_dimensions_have_no_names_and_stay_arrays():
    scale = StepwiseTransformer(StandardScaler()).set_output(transform="pandas").fit(X)
    assert type(scale.transform(X)) is np.ndarray
    with pytest.raises(AttributeError, match="get_feature_names_out") as caught:
        scale.get_feature_names_out()
    assert "have no columns" in str(caught.value.__cause__)
    with config_context(transform_output="pandas"):
        again = StepwiseTransformer(StandardScaler()).fit_transform(X)
    assert_array_equal(again, scale.transform(X))


def test_set_output_of_a_fitted_pipeline_reaches_the_other_steps():
    pipe = make_pipeline(SlidingWindowTransformer(2, flatten=False), StepwiseTransformer(PCA(1)))
    pipe.fit(SEQUENCES[2]).set_output(transform="pandas")
    assert type(pipe.transform(SEQUENCES[2])) is np.ndarray


def test_names_are_not_known_before_fit():
    with pytest.raises(NotFittedError):
        StepwiseTransformer(StandardScaler()).get_feature_names_out()


# Inverse


@pytest.mark.parametrize("values", [X, X[..., 0]], ids=["3-D", "2-D"])
@pytest.mark.parametrize("transformer", [StandardScaler(), PowerTransformer(), MinMaxScaler()])
def test_inverse_transform_returns_the_sequences(transformer, values):
    stepwise = StepwiseTransformer(transformer).fit(values)
    assert_allclose(stepwise.inverse_transform(stepwise.transform(values)), values)


def test_inverse_transform_undoes_another_number_of_features():
    pca = StepwiseTransformer(PCA(2)).fit(X)
    fitted = PCA(2).fit(np.concatenate(SEQUENCES))
    expected = [fitted.inverse_transform(fitted.transform(rows)) for rows in SEQUENCES]
    assert_allclose(pca.inverse_transform(pca.transform(X)), stack_sequences(expected))
    table = [[0.0, 1.0, NAN], [2.0, 3.0, 0.5]]
    bins = KBinsDiscretizer(3, strategy="uniform").set_params(encode="onehot-dense")
    encode = StepwiseTransformer(bins).fit(table)
    middles = [[0.5, 1.5, NAN], [2.5, 2.5, 0.5]]
    assert_array_equal(encode.inverse_transform(encode.transform(table)), middles)


def test_inverse_transform_exists_where_the_transformer_has_it():
    assert not hasattr(StepwiseTransformer(OfAFunction()), "inverse_transform")
    assert hasattr(StepwiseTransformer(StandardScaler()), "inverse_transform")
    with pytest.raises(NotFittedError):
        StepwiseTransformer(StandardScaler()).inverse_transform(X)


@pytest.mark.parametrize(
    ("fitted_on", "given", "message"),
    [
        (X, X[..., :1], r"shape \(5, 7, 1\), but transform .* \(n_samples, n_timesteps, 3\)"),
        (X, X[..., 0], r"shape \(5, 7\), but"),
        (X[..., 0], X, r"\(n_samples, n_timesteps\)"),
        (X, np.where(np.isnan(X), np.inf, X), "infinity in 4 of 5 rows"),
        (X, [[["a", 1.0, 2.0]]], "X cannot be read as an array of numbers"),
    ],
)
def test_inverse_transform_refuses_what_transform_does_not_return(fitted_on, given, message):
    scale = StepwiseTransformer(StandardScaler()).fit(fitted_on)
    with pytest.raises(ValueError, match=message):
        scale.inverse_transform(given)


# Input and transformers that cannot be used


class OfAFunction(TransformerMixin, BaseEstimator):
    """A transformer without an inverse; its parameter says what `transform` does."""

    def __init__(self, change=None):
        self.change = change

    def fit(self, steps, y=None):
        assert y is None
        self.n_rows_ = len(steps)
        return self

    def transform(self, steps):
        return steps if self.change is None else self.change(steps)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((2, 3, 2), NAN), "X holds only NaN, so all its steps are missing"),
        (np.where(X > 2, np.inf, X), "X contains infinity"),
        ([[1.0, 2.0], [3.0]], r"stack_sequences\(X\)"),
        (SEQUENCES, r"unequal lengths, 1 to 7 step.*stack_sequences\(X\)"),
        (np.arange(4.0), r"StepwiseTransformer expects sequences.*X\.reshape\(-1, 1\)"),
        (pd.Series([1.0, 2.0]), r"X is a Series.*X\.to_frame"),
        (np.zeros((1, 2, 3, 4)), r"4 dimension\(s\); StepwiseTransformer expects sequences"),
        (np.zeros((2, 0, 3)), r"0 step\(s\)"),
        ([["a", "b"]], "X cannot be read as an array of numbers"),
        (np.array([["2024-01-01"]], dtype="datetime64[D]"), "which are not numbers"),
    ],
    ids=[
        *("no step", "infinity", "unequal lists", "unequal arrays", "1-D", "Series", "4-D"),
        *("empty", "text", "dates"),
    ],
)
def test_input_that_holds_no_sequences_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        StepwiseTransformer(StandardScaler()).fit(values)


def test_a_dict_of_sequences_is_refused():
    with pytest.raises(TypeError, match=r"stack_sequences\(X\)"):
        StepwiseTransformer(StandardScaler()).fit(dict(enumerate(SEQUENCES)))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (X[..., :2], "X has 2 features, but StepwiseTransformer is expecting 3"),
        (X[..., 0], "was fitted on 3-D X"),
        (np.where(X > 2, np.inf, X), "X contains infinity"),
    ],
)
def test_other_sequences_than_fitted_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        StepwiseTransformer(StandardScaler()).fit(X).transform(values)


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (OfAFunction(lambda steps: np.diff(steps, axis=0)), r"shape \(18, 3\) for 19 step"),
        (OfAFunction(lambda steps: steps[..., np.newaxis]), r"returned an array of shape"),
        (OfAFunction(lambda steps: steps[:, 0]), r"returned an array of shape \(19,\)"),
        (OfAFunction(lambda steps: steps.astype(str)), "returned values of type <U"),
        (OfAFunction(lambda steps: steps - steps.mean(axis=0)), "different values for a step"),
        (OfAFunction(lambda steps: np.cumsum(steps, axis=0)), "different values for a step"),
        (OfAFunction(lambda steps: pd.DataFrame(steps).diff()), "different values for a step"),
        (SlidingWindowTransformer(2, flatten=True), "different values for a step"),
        (SelectKBest(k=1), "SelectKBest needs y"),
        (LinearDiscriminantAnalysis(), "LinearDiscriminantAnalysis needs y"),
        (make_pipeline(PCA(), SelectKBest(k=1)), "Pipeline needs y"),
        (Ridge(), "'transformer' parameter of StepwiseTransformer must be an object implementing"),
        ("passthrough", "'transformer' parameter of StepwiseTransformer must be"),
        (None, "'transformer' parameter of StepwiseTransformer must be"),
    ],
    ids=[
        *("fewer rows", "three axes", "one axis", "text", "means", "sums", "differences"),
        *(
            "windows",
            "selection by y",
            "discriminants",
            "pipeline",
            "no transformer",
            "passthrough",
            "None",
        ),
    ],
)
def test_transformer_that_cannot_be_applied_to_steps_is_refused(transformer, message):
    with pytest.raises(ValueError, match=message):
        StepwiseTransformer(transformer).fit(X, [0, 1, 0, 1, 0])


def test_a_class_is_refused():
    with pytest.raises(TypeError, match=r"class StandardScaler.*StandardScaler\(\)"):
        StepwiseTransformer(StandardScaler).fit(X)


def test_noise_is_no_reason_to_refuse_a_transformer():
    rng = np.random.default_rng(0)
    noise = OfAFunction(lambda steps: steps + rng.normal(size=steps.shape))
    assert StepwiseTransformer(noise).fit_transform(X).shape == X.shape


@pytest.mark.parametrize(
    ("transformer", "values"),
    [
        (StandardScaler(), np.full((2, 7, 3), NAN)),
        (PCA(20), X),
        (OfAFunction(lambda steps: steps[1:]), X),
    ],
)
def test_a_failed_fit_changes_nothing(transformer, values):
    scale = StepwiseTransformer(StandardScaler()).fit(X[..., 0])
    state = copy.deepcopy(scale.set_params(transformer=transformer).__dict__)
    with pytest.raises(ValueError, match=r"X holds only|n_components|returned an array"):
        scale.fit(values)
    assert scale.__dict__.keys() == state.keys()
    assert_array_equal(scale.transformer_.mean_, state["transformer_"].mean_)
    assert_array_equal(scale.transform(X[..., 0]).shape, (5, 7))


# Within scikit-learn


def test_the_transformer_itself_is_not_fitted():
    scaler = StandardScaler()
    StepwiseTransformer(scaler).fit(X)
    assert not hasattr(scaler, "mean_")


def test_pipeline_scales_sequences_of_unequal_length_for_a_network():
    y = [0, 1, 0, 1, 0]
    params = {"units": 3, "epochs": 3, "random_state": 0}
    large = [1000 * sequence for sequence in SEQUENCES]
    scale = StepwiseTransformer(StandardScaler())
    pipe = make_pipeline(scale, LSTMClassifier(**params)).fit(stack_sequences(large), y)
    by_hand = stack_sequences(transformed_by_hand(StandardScaler(), large))
    alone = LSTMClassifier(**params).fit(by_hand, y)
    assert_allclose(
        pipe.predict_proba(stack_sequences(large)), alone.predict_proba(by_hand), rtol=1e-5
    )


def test_search_sets_parameters_of_the_transformer():
    model = GRUClassifier(units=2, epochs=1, random_state=0)
    pipe = Pipeline([("scale", StepwiseTransformer(StandardScaler())), ("model", model)])
    grid = {"scale__transformer__with_mean": [True, False], "scale__transformer__with_std": [True]}
    search = GridSearchCV(pipe, grid, cv=2).fit(X[:4], [0, 1, 0, 1])
    chosen = search.best_estimator_["scale"]
    expected = search.best_params_["scale__transformer__with_mean"]
    assert chosen.transformer_.with_mean is expected


@pytest.mark.parametrize("values", [X, X[..., 0]], ids=["3-D", "2-D"])
def test_pickled_and_saved_transformers_give_the_same_bits(values, tmp_path):
    scale = StepwiseTransformer(PowerTransformer()).fit(values)
    skrnn.save(scale, tmp_path / "scale.skrnn")
    for twin in (pickle.loads(pickle.dumps(scale)), skrnn.load(tmp_path / "scale.skrnn")):
        assert_array_equal(twin.transform(values), scale.transform(values))


@parametrize_with_checks(
    [
        StepwiseTransformer(StandardScaler()),
        StepwiseTransformer(KBinsDiscretizer(3, strategy="uniform")),
    ]
)
def test_scikit_learns_contract_holds(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "name",
    [
        "check_dataframe_column_names_consistency",
        "check_param_validation",
        "check_set_output_transform",
        "check_set_output_transform_pandas",
        "check_set_output_transform_polars",
        "check_global_output_transform_pandas",
        "check_global_set_output_transform_polars",
        "check_transformer_get_feature_names_out",
        "check_transformer_get_feature_names_out_pandas",
    ],
)
# The checks fit on a DataFrame and transform an array, and the other way round, on purpose.
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.filterwarnings("ignore:X has feature names")
def test_scikit_learns_checks_of_names_and_containers_pass(name):
    check = getattr(estimator_checks, name)
    check("StepwiseTransformer", StepwiseTransformer(StandardScaler()))
