"""Input that cannot be used is refused before a network is built, and changes nothing."""

import copy
import functools
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import NotFittedError

import skrnn._keras.fitting
import skrnn._network.prediction
from skrnn import GRURegressor, LSTMRegressor, RNNClassifier, RNNRegressor, stack_sequences

rng = np.random.default_rng(0)
X = rng.normal(size=(20, 4))
Y = X.sum(axis=1)
STEPS = X.reshape(20, 2, 2)
FRAME = pd.DataFrame(X, columns=["Open_lag4", "Open_lag3", "Open_lag2", "Open_lag1"])
DAYS = np.datetime64("2020-01-01", "ns") + np.arange(20) * np.timedelta64(1, "D")


def changed(array, value):
    """Return a copy with a value in the fourth row."""
    array = array.copy()
    array[(3, *[0] * (array.ndim - 1))] = value
    return array


def freeze(value):
    """Return what can be compared with ==, bit for bit, of a state."""
    if isinstance(value, np.ndarray):
        content = value.tolist() if value.dtype.hasobject else value.tobytes()
        return ("array", value.dtype.str, value.shape, content)
    if isinstance(value, dict):
        return {name: freeze(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return (type(value), [freeze(item) for item in value])
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, keras.callbacks.Callback):
        # It is the user's, and keeps what it has seen.
        return ("callback", id(value))
    if isinstance(value, keras.optimizers.Optimizer):
        return (type(value), freeze(value.get_config()), value.built)
    return value


def state_of(estimator):
    return freeze(vars(estimator))


@pytest.fixture(scope="module")
def fitted():
    """Fitted once on arrays: copy it, do not fit it again."""
    return RNNRegressor(2, epochs=1, batch_size=8, random_state=0).fit(X, Y)


@pytest.fixture(scope="module")
def fitted_on_frame():
    """Fitted once on a DataFrame: copy it, do not fit it again."""
    return RNNRegressor(2, epochs=1, batch_size=8, random_state=0).fit(FRAME, Y)


@pytest.fixture
def no_network(monkeypatch):
    """Fail the test if weights are drawn to train with, or arrays made to predict with."""

    def build(*args, **kwargs):
        raise AssertionError("a network is built")

    monkeypatch.setattr(skrnn._keras.fitting, "make_initial_weights", build)
    monkeypatch.setattr(skrnn._keras.fitting, "KernelModel", build)
    monkeypatch.setattr(skrnn._network.prediction, "NetworkPass", build)


def test_state_that_is_compared_sees_every_change(fitted):
    frozen = state_of(fitted)
    assert state_of(copy.deepcopy(fitted)) == frozen
    for change in (
        lambda model: model.weights_[0].__setitem__(
            (0, 0), np.nextafter(model.weights_[0][0, 0], np.float32(9))
        ),
        lambda model: model.history_["loss"].append(0.0),
        lambda model: setattr(model, "n_features_in_", 5),
        lambda model: setattr(model, "new_", None),
        lambda model: delattr(model, "n_iter_"),
    ):
        model = copy.deepcopy(fitted)
        change(model)
        assert state_of(model) != frozen


# Before training


@dataclass(frozen=True)
class Case:
    """A call that must be refused, and what the error says of it."""

    name: str
    match: str
    params: dict[str, Any] = field(default_factory=dict)
    X: Any = field(default_factory=lambda: X)
    y: Any = field(default_factory=lambda: Y)
    fit_args: dict[str, Any] = field(default_factory=dict)
    error: type[Exception] = ValueError
    # Another kind of rows than the fitted ones, which a partial_fit refuses for that.
    other_kind: bool = False
    # The fitted ones are RNNRegressor.
    estimator: type = RNNRegressor

    @property
    def only_fit(self):
        """Whether partial_fit has no such thing, or asks for classes first."""
        is_of_fit = {"X_val", "y_val"} & set(self.fit_args) or "early_stopping" in self.params
        return bool(is_of_fit) or self.estimator is RNNClassifier


sgd = functools.partial(keras.optimizers.SGD, 0.1)

CASES = [
    # Values
    Case("NaN in y", r"NaN in 1 of 20 rows, among them row 3, .* drop", y=changed(Y, np.nan)),
    Case("infinity in y", r"y contains infinity in 1 of 20 rows; ", y=changed(Y, np.inf)),
    Case("None in y", r"y contains NaN in 1 of 20 rows", y=[None, *Y[1:]]),
    Case(
        "NaN in one feature of a step",
        r"NaN in some features of a step.*, in 1 of 20 rows\. .*SimpleImputer",
        X=changed(STEPS, np.nan),
        other_kind=True,
    ),
    Case("nothing but NaN in X", r"only NaN in the rows that are trained", X=X * np.nan),
    Case(
        "nothing but NaN in rows that weigh",
        r"only NaN in the rows that are trained",
        X=np.where(np.arange(20)[:, np.newaxis] < 10, X, np.nan),
        fit_args={"sample_weight": np.arange(20) >= 10},
    ),
    Case(
        "nothing but NaN in rows held out",
        r"only NaN in the rows that are held out",
        params={"early_stopping": True},
        X=np.where(np.arange(20)[:, np.newaxis] < 18, X, np.nan),
    ),
    Case("infinity in X", r"X contains infinity in 1 of 20 rows; ", X=changed(X, -np.inf)),
    Case(
        "infinity in 3-D X",
        r"X contains inf",
        X=changed(X[..., np.newaxis], np.inf),
        other_kind=True,
    ),
    Case(
        "text column",
        r"not numbers: \['color'\]\. RNNRegressor expects numeric",
        X=FRAME.assign(color="red"),
        other_kind=True,
    ),
    Case("text array", "could not convert string to float: .*red", X=np.full((20, 4), "red")),
    Case(
        "date column", r"not numbers: \['day'\]\. RNNR", X=FRAME.assign(day=DAYS), other_kind=True
    ),
    Case(
        "only date columns",
        r"not numbers: \['day'\]",
        X=pd.DataFrame({"day": DAYS}),
        other_kind=True,
    ),
    Case(
        "array of dates",
        "date",
        X=np.column_stack([DAYS, DAYS]),
    ),
    Case(
        "dates as y",
        "date",
        y=DAYS,
    ),
    Case("list of dates as y", "y holds values of type datetime64", y=list(DAYS)),
    Case("X beyond float32", "too large for float32", X=changed(X, 1e39)),
    Case("y beyond float64", r"y reaches 1e\+200", y=changed(Y, 1e200)),
    Case(
        "text as y",
        "y holds text, such as 'a', and RNNRegressor predicts numbers. For labels use a classif",
        y=["a"] * 20,
    ),
    Case("no y", r"requires y to be passed", y=None),
    Case(
        "masked",
        "X is an array with 20 masked value.* X.filled",
        X=np.ma.masked_array(X, [[True, False, False, False]] * 20),
    ),
    Case(
        "masked y",
        "y is an array with 10 masked value",
        y=np.ma.masked_array(Y, np.arange(20) >= 10),
    ),
    Case("fields", "X holds values of type .* several in one", X=np.zeros((20, 4), [("a", "f8")])),
    Case(
        "lists of one number",
        "X holds values of type List.* several in one",
        X=pl.DataFrame({name: [[1.0]] * 20 for name in "abcd"}),
        other_kind=True,
    ),
    Case(
        "sparse columns",
        "X holds values of type Sparse.*X.sparse.to_dense",
        X=FRAME.astype(pd.SparseDtype(float)),
        other_kind=True,
    ),
    Case(
        "polars frame without values",
        "X is a LazyFrame.* X.collect",
        X=pl.DataFrame(X).lazy(),
        error=TypeError,
    ),
    Case(
        "two columns of a name",
        r"X has several columns of the same name: \['a'\]",
        X=FRAME.set_axis(["a", "b", "a", "c"], axis=1),
    ),
    Case("frame without columns", r"X is a DataFrame with 0 feature", X=FRAME[[]]),
    Case("int beyond float64", "X cannot be read .* int too large", X=[[10**400] * 4] * 20),
    Case("int beyond float64 as y", "y cannot be read .* int too large", y=[10**400] * 20),
    Case("longdouble beyond float64", "inf", X=np.full((20, 4), np.longdouble("1e4000"))),
    Case(
        "both infinities",
        "X contains infinity in 2",
        X=changed(changed(X, np.inf)[::-1], -np.inf),
    ),
    Case(
        "missing value of pandas among objects",
        "X cannot be read as an array of numbers.*NAType",
        X=changed(X.astype(object), pd.NA),
        error=TypeError,
    ),
    Case(
        "sequences of unequal length",
        r"X cannot be read as an array of numbers: its 2 sequences have unequal lengths, 1 to 2 "
        r"step\(s\), and RNNRegressor expects one array\. Give stack_sequences\(X\)",
        X=[[1.0], [2.0, 3.0]],
    ),
    Case(
        "an array of arrays of unequal length",
        r"its 2 sequences have unequal lengths, 2 to 3 step.*stack_sequences",
        X=np.array([np.zeros((2, 2)), np.zeros((3, 2))], dtype=object),
        other_kind=True,
    ),
    Case(
        "DataFrames whose columns stand in another order",
        r"X is a list of DataFrames whose columns differ.*stack_sequences\(X\), which matches",
        X=[FRAME, FRAME.iloc[:, ::-1]],
        other_kind=True,
    ),
    Case(
        "a Series of sequences of one length",
        r"X cannot be read .*: it is a Series of 2 sequences, and RNNRegressor expects one array\. "
        r"Give stack_sequences\(X\)\.$",
        X=pd.Series([[1.0, 2.0], [3.0, 4.0]]),
    ),
    Case(
        "an array of arrays of one length",
        r"X cannot be read .*: it is a ndarray of 20 sequences.* Give stack_sequences\(X\)\.$",
        X=pd.Series(list(STEPS)).to_numpy(),
        other_kind=True,
    ),
    Case(
        "a dict of sequences",
        r"X is a dict, and RNNRegressor expects one array\. .* give stack_sequences\(X\)\. If the "
        r"values are columns, give pandas\.DataFrame\(X\)\.$",
        X={"a": [1.0, 2.0], "b": [3.0]},
        error=TypeError,
    ),
    Case(
        "arrays without an axis",
        r"X of shape \(20,\) has 1 dimension",
        X=[np.array(value) for value in Y],
    ),
    *(
        Case(
            f"y of unequal length for {estimator.__name__}, {kind}",
            r"y cannot be read as an array of numbers: its 20 sequences have unequal lengths, 1 to "
            rf"2 step\(s\), and {estimator.__name__} expects one array\. Give "
            rf"stack_sequences\(y\), which pads them with NaN\. {advice}",
            params={"architecture": "sequence_to_sequence"},
            other_kind=True,
            y=y,
            estimator=estimator,
        )
        for estimator, advice in (
            (RNNRegressor, r"Replace NaN at missing steps of X by any number.*nan_to_num\)\.$"),
            (RNNClassifier, "Encode labels that are text as numbers first"),
        )
        for kind, y in (
            ("lists", [[1.0], *[[1.0, 2.0]] * 19]),
            ("Series", pd.Series([[1.0], *[[1.0, 2.0]] * 19])),
        )
    ),
    Case(
        "y of unequal length where all steps count",
        r"Give stack_sequences\(y\), .* \S*encoder_decoder\S* all sequences of y need the same",
        params={"architecture": "encoder_decoder"},
        other_kind=True,
        y=[[1.0], *[[1.0, 2.0]] * 19],
    ),
    Case(
        "a Series of labels at every step",
        r"y cannot be read .*: it is a Series of 20 sequences.* Give stack_sequences\(y\)\.",
        params={"architecture": "sequence_to_sequence"},
        other_kind=True,
        y=pd.Series([[0, 1, 0, 1]] * 20),
        estimator=RNNClassifier,
    ),
    Case("periods", "not numbers", y=pd.Series(pd.period_range("2020", periods=20, freq="D"))),
    Case("mean of y beyond float64", "y reaches 1e[+]308", y=np.full(20, 1e308)),
    # Shapes
    Case("y of another length", r"inconsistent numbers of samples: \[20, 19\]", y=Y[:-1]),
    Case("1-D X", r"X of shape \(20,\) has 1 dimension.* expects windows", X=X[:, 0]),
    Case(
        "a Series as X",
        r"X is a Series, and RNNRegressor expects windows .* Make windows of it: fit .*\("
        r"SlidingWindowTransformer\(10\), RNNRegressor\(\)\) on X\.to_frame\(\)\.$",
        X=FRAME["Open_lag1"],
    ),
    Case("a Series of polars as X", r"X is a Series, .*X\.to_frame\(\)\.$", X=pl.Series(Y)),
    Case("4-D X", r"\(20, 2, 2, 1\) has 4 dimension.* windows", X=X.reshape(20, 2, 2, 1)),
    Case("3-D y", r"y of shape \(20, 2, 2\) has 3 dim.* expects targets", y=X.reshape(20, 2, 2)),
    Case("no targets", r"0 feature\(s\) \(shape=\(20, 0\)\)", y=X[:, :0]),
    # Architectures
    Case(
        "no such architecture",
        "'architecture'.*'sequence_to_vector'.*Got 'many_to_one'",
        params={"architecture": "many_to_one"},
    ),
    Case(
        "1-D y of a sequence",
        r"\(20,\) has 1 dim.*\(n_samples, n_steps\) or .*\"sequence_to_sequence\"",
        params={"architecture": "sequence_to_sequence"},
        other_kind=True,
    ),
    Case(
        "y of another number of steps",
        r"y has 3 step\(s\) and X has 4.*encoder_decoder",
        params={"architecture": "sequence_to_sequence"},
        other_kind=True,
        y=X[:, :3],
    ),
    Case(
        "3-D X as vectors",
        r"\(20, 2, 2\) has 3 dim.*vectors of shape \(n_samples, n_features\)",
        params={"architecture": "vector_to_sequence"},
        other_kind=True,
        X=STEPS,
        y=X,
    ),
    Case(
        "NaN in a vector",
        "X contains NaN in 1 of 20 rows; .*SimpleImputer",
        params={"architecture": "vector_to_sequence"},
        other_kind=True,
        X=changed(X, np.nan),
        y=X,
    ),
    Case(
        "y_val of other steps than y",
        r"y of shape \(20, 3, 1\) has 3 step\(s\), but RNNRegressor expects 4",
        params={"architecture": "encoder_decoder"},
        other_kind=True,
        y=X,
        fit_args={"X_val": X, "y_val": X[:, :3]},
    ),
    Case(
        "decoder in both directions",
        'bidirectional=True does not go with architecture="encoder_decoder"',
        params={"architecture": "encoder_decoder", "bidirectional": True},
        other_kind=True,
        y=X,
    ),
    Case(
        "linear map to a sequence",
        'linear_skip=True does not go with architecture="sequence_to_sequence"',
        params={"architecture": "sequence_to_sequence", "linear_skip": True},
        other_kind=True,
        y=X,
    ),
    Case("no rows", r"0 sample\(s\)", X=X[:0], y=Y[:0]),
    # "feature(s)" is what scikit-learn wants to read about 2-D X.
    Case("no steps", r"0 feature\(s\) \(shape=\(20, 0\)\)", X=X[:, :0]),
    Case("no features", r"0 feature\(s\)", X=np.empty((20, 4, 0))),
    Case(
        "flattened windows of two columns",
        r"2 columns \(Open, Close\).*Remove flatten=True",
        X=FRAME.set_axis(["Open_lag2", "Close_lag2", "Open_lag1", "Close_lag1"], axis=1),
        other_kind=True,
    ),
    # Weights of rows
    Case("weights of another length", "sample_weight", fit_args={"sample_weight": np.ones(19)}),
    Case(
        "negative weight",
        "[Nn]egative.*sample_weight",
        fit_args={"sample_weight": changed(Y**2, -1)},
    ),
    Case(
        "weights beyond float32",
        r"The largest sample_weight is 1e\+300, which float32, the precision",
        fit_args={"sample_weight": np.full(20, 1e300)},
    ),
    Case(
        "weights that float32 takes for 0",
        "The largest sample_weight is 1e-300, which float32, the precision",
        fit_args={"sample_weight": np.full(20, 1e-300)},
    ),
    Case(
        "dates as weights",
        "sample_weight holds values of type datetime64",
        fit_args={"sample_weight": DAYS},
    ),
    Case("NaN as weight", "weight.* NaN", fit_args={"sample_weight": changed(Y**2, np.nan)}),
    Case(
        "all weights 0",
        # Newer versions of scikit-learn say it first.
        r"sample_weight is 0 in all rows. Give at least one|at least one non-zero number",
        fit_args={"sample_weight": np.zeros(20)},
    ),
    # Held-out rows
    Case(
        "one row for a split",
        r"validation_split=0.1 of 1 row\(s\) leaves no row.* Give more rows",
        params={"early_stopping": True},
        X=X[:1],
        y=Y[:1],
    ),
    Case(
        "split that leaves nothing to train on",
        r"validation_split=0.97 of 20 row\(s\)",
        params={"early_stopping": True, "validation_split": 0.97},
    ),
    Case(
        "split of rows of weight 0",
        r"validation_split=0.1 of 1 row\(s\)",
        params={"early_stopping": True},
        fit_args={"sample_weight": np.eye(20)[3]},
    ),
    Case("X_val alone", "X_val was given without y_val; give", fit_args={"X_val": X}),
    Case("y_val alone", "y_val was given without X_val; give", fit_args={"y_val": Y}),
    Case(
        "NaN in y_val",
        "X_val, y_val: Input y contains NaN in 1 of",
        fit_args={"X_val": X, "y_val": changed(Y, np.nan)},
    ),
    Case("y_val of another length", r"\[20, 3\]", fit_args={"X_val": X, "y_val": Y[:3]}),
    Case(
        "X_val of other steps",
        "X has 3 features, but RNNRegressor is expecting 4",
        fit_args={"X_val": X[:, :3], "y_val": Y},
    ),
    Case(
        "y_val of more outputs",
        r"y of shape \(20, 4\) has 4 output\(s\), but RNNRegressor expects 1",
        fit_args={"X_val": X, "y_val": X},
    ),
    # Parameters
    Case("units=0", "'units'.* in the range .*Got 0|units=0 is not an int", params={"units": 0}),
    Case("units=()", r"units=\(\) is not an int.*such as 50", params={"units": ()}),
    Case("units=(8, 0)", r"units=\(8, 0\) is not.* from 1 to 2147483647", params={"units": (8, 0)}),
    Case("units=10**30", r"units=10{30} is not.* from 1 to", params={"units": 10**30}),
    Case("embedding_dim", "'embedding_dim'.* in the range", params={"embedding_dim": 10**30}),
    Case("units=[2.5]", r"units=\[2.5\] is not", params={"units": [2.5]}),
    Case(
        "dropout=1.0",
        r"'dropout'.* \[0.0, 1.0\).*Got 1.0",
        params={"dropout": 1.0},
    ),
    Case(
        "recurrent_dropout=1.0",
        r"'recurrent_dropout'.* \[0.0, 1.0\).*Got 1.0",
        params={"recurrent_dropout": 1.0},
    ),
    Case("dropout near 1", "dropout=0.999999999 is 1 in float32", params={"dropout": 1 - 1e-9}),
    Case(
        "recurrent_dropout near 1",
        "recurrent_dropout=0.999999999 is 1 in float32",
        params={"recurrent_dropout": 1 - 1e-9},
    ),
    Case("bidirectional='yes'", "'bidirectional'.* Got 'yes'", params={"bidirectional": "yes"}),
    Case("linear_skip=2", "'linear_skip'.* Got 2", params={"linear_skip": 2}),
    Case(
        "peephole=None",
        "'peephole'.* Got None",
        params={"peephole": None},
        estimator=LSTMRegressor,
    ),
    Case(
        "memory_steps=1",
        r"'memory_steps'.* \[2, inf\).*Got 1",
        params={"memory_steps": 1},
        estimator=LSTMRegressor,
    ),
    Case(
        "memory_steps=0.5",
        r"'memory_steps'.* int.*Got 0.5",
        params={"memory_steps": 0.5},
        estimator=GRURegressor,
    ),
    Case(
        "reset_after=1.5",
        "'reset_after'.* Got 1.5",
        params={"reset_after": 1.5},
        estimator=GRURegressor,
    ),
    Case(
        "epochs=0",
        "'epochs'.*Got 0",
        params={"epochs": 0},
    ),
    Case(
        "learning_rate=0",
        "'learning_rate'.*Got 0",
        params={"learning_rate": 0.0},
    ),
    Case("no such optimizer", "optimizer='adm'.*\"adam\"", params={"optimizer": "adm"}),
    Case("optimizer class", 'optimizer=<class.*"adam"', params={"optimizer": keras.optimizers.SGD}),
    Case("no such loss", "loss='msee'.*\"mean_squared_error\"", params={"loss": "msee"}),
    Case("no such activation", "activation='tan'.*\"tanh\"", params={"activation": "tan"}),
    Case("no such regularizer", "r='l3'.*\"l2\"", params={"kernel_regularizer": "l3"}),
    Case(
        "negative regularizer",
        "kernel_regularizer",
        params={"kernel_regularizer": -0.1},
    ),
    Case(
        "learning_rate beside an optimizer object",
        r"learning_rate=0.5 .*optimizer=<.* is an object\. Set",
        params={"optimizer": sgd(), "learning_rate": 0.5},
    ),
    Case(
        "clipnorm beside an optimizer object",
        r"clipnorm=2.0 .* is an object",
        params={"optimizer": sgd(), "clipnorm": 2.0},
    ),
    Case(
        "text among callbacks",
        r"callbacks holds 'stop', which is not a keras",
        params={"callbacks": [keras.callbacks.Callback(), "stop"]},
        error=TypeError,
    ),
    Case(
        "callback class",
        r"callbacks holds <class .*Give a list of callback objects",
        params={"callbacks": [keras.callbacks.History]},
        error=TypeError,
    ),
    Case(
        "callback outside a list",
        "'callbacks'.* 'list'",
        params={"callbacks": keras.callbacks.History()},
    ),
]


def calls():
    """Return each case with each way to call."""
    found = []
    for case in CASES:
        for start in ("fresh", "fitted"):
            for method in ("fit", "partial_fit"):
                goes_on = (start, method) == ("fitted", "partial_fit")
                if (case.only_fit and method == "partial_fit") or (case.other_kind and goes_on):
                    continue
                if start == "fitted" and case.estimator is not RNNRegressor:
                    continue
                name = f"{case.name}-{start}-{method}"
                found.append(pytest.param(case, start, method, id=name))
    return found


@pytest.mark.parametrize(("case", "start", "method"), calls())
def test_bad_input_is_refused_and_changes_nothing(case, start, method, fitted, no_network):
    model = copy.deepcopy(fitted) if start == "fitted" else case.estimator(2, random_state=0)
    model.set_params(**case.params)
    before, attributes = state_of(model), dict(vars(model))
    with pytest.raises(case.error, match=case.match):
        getattr(model, method)(case.X, case.y, **case.fit_args)
    assert state_of(model) == before
    assert all(vars(model)[name] is value for name, value in attributes.items())


# Rows that do not fit those before

MISMATCHES = {
    "another number of steps": (X[:, :3], "X has 3 features, but RNNRegressor is expecting 4"),
    "3-D X after 2-D": (X[..., np.newaxis], "has 3 dimensions, but RNNRegressor was fitted on 2-D"),
    "infinity": (changed(X, np.inf), "X contains infinity in 1 of 20 rows"),
    "1-D X": (X[:, 0], "has 1 dimension"),
    "4-D X": (X[..., np.newaxis, np.newaxis], "has 4 dimension"),
}
FRAME_MISMATCHES = {
    "columns in another order": (FRAME[FRAME.columns[::-1]], "must be in the same order"),
    "a column less": (FRAME.iloc[:, 1:], "seen at fit time, yet now missing:\n- Open_lag4"),
    "a column more": (FRAME.assign(more=0.0), "unseen at fit time:\n- more"),
    "text": (FRAME.assign(Open_lag1="red"), r"not numbers: \['Open_lag1'\]"),
}


def assert_refused(estimator, call, message):
    model = copy.deepcopy(estimator).set_params(warm_start=True)
    before = state_of(model)
    with pytest.raises(ValueError, match=message):
        call(model)
    assert state_of(model) == before


USES = {
    "predict": lambda rows, model: model.predict(rows),
    "score": lambda rows, model: model.score(rows, Y),
    "partial_fit": lambda rows, model: model.partial_fit(rows, Y),
    "warm start": lambda rows, model: model.fit(rows, Y),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("mismatch", MISMATCHES)
def test_rows_unlike_the_fitted_are_refused(use, mismatch, fitted, no_network):
    rows, message = MISMATCHES[mismatch]
    assert_refused(fitted, functools.partial(USES[use], rows), message)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("mismatch", FRAME_MISMATCHES)
def test_columns_unlike_the_fitted_are_refused(use, mismatch, fitted_on_frame, no_network):
    rows, message = FRAME_MISMATCHES[mismatch]
    assert_refused(fitted_on_frame, functools.partial(USES[use], rows), message)


@pytest.mark.parametrize(
    ("y", "weight", "message"),
    [
        (DAYS, None, "y holds values of type datetime64"),
        (pd.Series([[1.0]] * 20), None, "y cannot be read as an array of numbers"),
        (np.ma.masked_array(Y, Y > 0), None, "y is an array with"),
        (changed(Y, np.nan), None, "y contains NaN in 1 of 20 rows"),
        (Y, DAYS, "sample_weight holds values of type datetime64"),
        (Y, pd.Series([[1.0]] * 20), "sample_weight cannot be read"),
        (Y, np.zeros(20), "sample_weight is 0 in all rows. Give at least one|one non-zero number"),
    ],
)
def test_targets_and_weights_of_a_score_must_be_numbers(y, weight, message, fitted):
    with pytest.raises(ValueError, match=message):
        fitted.score(X, y, weight)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_continuing_with_another_number_of_outputs_is_refused(method, fitted, no_network):
    message = r"y of shape \(20, 4\) has 4 output\(s\), but RNNRegressor expects 1"
    assert_refused(fitted, lambda model: getattr(model, method)(X, X), message)


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.predict(X),
        lambda model: model.score(X, Y),
        lambda model: model.to_keras(),
    ],
    ids=["predict", "score", "to_keras"],
)
def test_use_before_fit_is_not_fitted_error(use, no_network):
    model = RNNRegressor(2)
    before = state_of(model)
    with pytest.raises(NotFittedError, match="This RNNRegressor instance is not fitted yet"):
        use(model)
    assert state_of(model) == before


def test_the_advice_of_errors_about_sequences_works():
    lengths = [1, 4, 2, 3] * 5
    sequences, targets = (
        [rng.normal(size=n) for n in lengths],
        pd.Series([[0.0, 1.0, 0.0, 1.0][:n] for n in lengths]),
    )
    stacked = stack_sequences(targets)
    model = RNNRegressor(2, architecture="sequence_to_sequence", epochs=1)
    model.fit(stack_sequences(dict(enumerate(sequences))), np.nan_to_num(stacked))
    model = RNNClassifier(2, architecture="sequence_to_sequence", epochs=1)
    model.fit(stack_sequences(pd.Series(sequences)), stacked)
    assert list(model.classes_) == [0, 1]


# In training


class Failing(keras.callbacks.Callback):
    """Raises in the second epoch that it sees."""

    def __init__(self, error):
        super().__init__()
        self.error = error
        self.losses = []

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["loss"])
        if len(self.losses) == 2:
            raise self.error


@pytest.mark.parametrize("start", ["fresh", "fitted"])
@pytest.mark.parametrize(
    "error", [RuntimeError("the disk is full"), KeyboardInterrupt("by the user")], ids=repr
)
def test_interrupted_training_changes_nothing(start, error, fitted):
    failing = Failing(error)
    model = copy.deepcopy(fitted) if start == "fitted" else RNNRegressor(2, random_state=0)
    model.set_params(epochs=3, warm_start=True, callbacks=[failing])
    before, attributes = state_of(model), dict(vars(model))
    with pytest.raises(type(error), match=str(error)):
        model.fit(X, Y)
    assert state_of(model) == before
    assert all(vars(model)[name] is value for name, value in attributes.items())
    assert len(failing.losses) == 2
    assert failing.model is None
    if start == "fitted":
        assert model.predict(X).tobytes() == fitted.predict(X).tobytes()
    else:
        with pytest.raises(NotFittedError):
            model.predict(X)


def test_network_too_large_for_memory_is_refused_and_changes_nothing(fitted):
    model = copy.deepcopy(fitted).set_params(units=2**20)
    before = state_of(model)
    with pytest.raises(MemoryError, match=r"units=\(1048576,\) does not fit into memory"):
        model.fit(X, Y)
    assert state_of(model) == before


def test_score_of_targets_whose_squares_are_infinite_is_refused(fitted):
    with pytest.raises(ValueError, match=r"y reaches 1e\+300, and its standard deviation"):
        fitted.score(X, changed(Y, 1e300))


@pytest.mark.parametrize("scale", [2.0**1019, 2.0**-1000])
def test_weights_of_any_size_score_alike(scale, fitted):
    weights = np.arange(1.0, 21.0)
    assert fitted.score(X, Y, weights * scale) == fitted.score(X, Y, weights)
