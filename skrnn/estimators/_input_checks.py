"""Input checks: windows, vectors and symbols for a recurrent network."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skrnn._utils.validation import (
    check_finite,
    refuse_rows,
    refuse_unstacked,
    sum_of,
    validate_shape,
)
from skrnn.windows._missing_steps import count_incomplete_rows

# Networks compute in float32, which represents whole numbers exactly up to this number.
_MAX_SYMBOLS = 2**24
# Up to this size, one pass with a temporary array is fast.
_SMALL_SIZE = 2**16
_LARGEST_FLOAT = float(np.finfo(np.float32).max)
_LAG = re.compile(r"(?P<column>.*)_lag\d+")


def validate_windows(
    estimator: BaseEstimator, X: Any, *, reset: bool, allow_missing_steps: bool = True
) -> np.ndarray:
    """Return X as floats of shape (n_samples, n_timesteps, n_features), NaN at missing steps.

    Arrays of float32 and float64 are not copied: strided windows stay views.

    Parameters
    ----------
    estimator : BaseEstimator
        Gets the attributes `n_features_in_`, `feature_names_in_`, `n_timesteps_in_` and
        `_windows_ndim` if `reset`. Otherwise X is compared with them.

    X : array-like
        Windows given by the user, with 2 or 3 dimensions.

    reset : bool
        Whether training starts over.

    allow_missing_steps : bool, default=True
        Whether a step may be NaN in all features. If not, X must not contain NaN.
    """
    refuse_unstacked(X, "X", type(estimator).__name__)
    # A Series of pandas or polars.
    if hasattr(X, "to_frame") and not hasattr(X, "columns"):
        raise ValueError(
            f"X is a {type(X).__name__}, and {type(estimator).__name__} expects windows of shape "
            "(n_samples, n_timesteps) or (n_samples, n_timesteps, n_features). Make windows of it: "
            f"fit make_pipeline(SlidingWindowTransformer(10), {type(estimator).__name__}()) on "
            "X.to_frame()."
        )
    X = validate_shape(
        estimator,
        X,
        reset=reset,
        n_dimensions=(2, 3),
        expected="windows of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, "
        "n_features)",
    )
    if reset:
        estimator.n_timesteps_in_ = X.shape[1]
        if X.ndim == 2:
            _check_windows_of_one_column(estimator)
    X = X[..., np.newaxis] if X.ndim == 2 else X
    if not allow_missing_steps:
        check_finite(
            X,
            "X",
            'pad windows with known values (SlidingWindowTransformer(padding="mean")) or fill the '
            "gaps (SimpleImputer)",
        )
    if X.size <= _SMALL_SIZE and np.abs(X).max() < np.inf:
        return X
    if np.isfinite(sum_of(X)):
        return X
    refuse_rows("X", X, np.isinf, "infinity", "replace these values or drop their rows")
    n_rows = count_incomplete_rows(X)
    if n_rows:
        raise ValueError(
            f"Input X contains NaN in some features of a step, but not in all, in {n_rows} of "
            f"{len(X)} rows. Only a step that is NaN in all features is a missing step; fill other "
            "gaps (SimpleImputer)."
        )
    return X


def validate_inputs(
    estimator: BaseEstimator,
    X: Any,
    architecture: str,
    *,
    fixed_length: bool,
    embedded: bool,
    reset: bool,
) -> np.ndarray:
    """Return windows or vectors that a network of this architecture takes.

    Parameters
    ----------
    estimator : BaseEstimator
        Gets the attributes of `validate_windows`, and `_n_symbols` with an embedding.

    X : array-like
        Inputs given by the user.

    architecture : str
        "vector_to_sequence" reads vectors, all others read windows.

    fixed_length : bool
        Whether windows must be as long as those seen in fit.

    embedded : bool
        Whether X holds numbers of symbols.

    reset : bool
        Whether training starts over.
    """
    if architecture == "vector_to_sequence":
        X = validate_vectors(estimator, X, reset=reset)
    else:
        X = validate_windows(estimator, X, reset=reset)
    if not reset and fixed_length and X.shape[1] != estimator.n_timesteps_in_:
        raise ValueError(
            f"X has {X.shape[1]} step(s), but linear_skip=True has a weight for each of the "
            f"{estimator.n_timesteps_in_} steps seen in fit. Make windows of that length."
        )
    # fmax and fmin ignore NaN.
    if X.dtype != np.float32 and (
        np.fmax.reduce(X, axis=None) > _LARGEST_FLOAT
        or np.fmin.reduce(X, axis=None) < -_LARGEST_FLOAT
    ):
        raise ValueError(
            "Input X contains infinity or a value too large for float32, the precision of "
            "networks. Scale X first, with MinMaxScaler or StandardScaler."
        )
    if not embedded:
        return X
    check_symbols(X)
    if reset:
        estimator._n_symbols = count_symbols(X)
    return replace_unknown_symbols(X, estimator._n_symbols)


def check_symbols(X: np.ndarray) -> None:
    """Refuse windows with steps that are neither NaN nor the number of a symbol."""
    if X.shape[2] != 1:
        raise ValueError(
            f"X has {X.shape[2]} features a step, but with embedding_dim a step is the number of a "
            "symbol. Give X of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, 1)."
        )
    advice = "with embedding_dim, X counts symbols from 1 on (OrdinalEncoder, plus 1)"
    refuse_rows("X", X, lambda rows: rows < 0, "numbers of symbols that are negative", advice)

    def has_fraction(rows: np.ndarray) -> np.ndarray:
        return (rows != np.floor(rows)) & ~np.isnan(rows)

    # In chunks of rows, as in refuse_rows.
    chunks = (X[first : first + 4096] for first in range(0, len(X), 4096))
    fractions = next((rows[where] for rows in chunks if (where := has_fraction(rows)).any()), None)
    if fractions is None:
        return
    filled = (
        'SlidingWindowTransformer(padding="mean") fills missing steps with a mean, which is not a '
        'symbol: set padding="nan"'
    )
    refuse_rows(
        "X",
        X,
        has_fraction,
        f"numbers of symbols that are not whole, such as {fractions[0]:.6g},",
        # If all fractions are the same number, it is the fill value.
        filled if (fractions == fractions[0]).all() else f"{advice}; {filled}",
    )


def count_symbols(symbols: np.ndarray) -> int:
    """Return the number of symbols of an embedding, 0 included."""
    largest = np.fmax.reduce(symbols, axis=None)
    if largest > _MAX_SYMBOLS:
        raise ValueError(
            f"X has a symbol of number {largest:.0f}, and an embedding would need a vector for "
            "each smaller number. Number the symbols from 1 on (OrdinalEncoder, plus 1)."
        )
    return 1 if np.isnan(largest) else int(largest) + 1


def replace_unknown_symbols(symbols: np.ndarray, n_symbols: int) -> np.ndarray:
    """Return symbols with NaN in place of 0 and of numbers that the embedding does not know."""
    smallest, largest = (fold.reduce(symbols, axis=None) for fold in (np.fmin, np.fmax))
    if smallest > 0 and largest < n_symbols:
        return symbols
    return np.where((symbols > 0) & (symbols < n_symbols), symbols, np.nan)


def refuse_only_missing_steps(X: np.ndarray, rows: str) -> None:
    """Refuse rows whose steps are all missing."""
    # fmax ignores NaN.
    if np.isnan(np.fmax.reduce(X, axis=None)):
        raise ValueError(
            f"Input X holds only NaN in the rows that are {rows}, so all their steps are missing. "
            "Give rows with values."
        )


def validate_vectors(estimator: BaseEstimator, X: Any, *, reset: bool) -> np.ndarray:
    """Return X as finite floats of shape (n_samples, n_features).

    The parameters are as in `validate_windows`.
    """
    X = validate_shape(
        estimator,
        X,
        reset=reset,
        n_dimensions=(2,),
        expected='vectors of shape (n_samples, n_features) with architecture="vector_to_sequence"',
    )
    if reset:
        estimator.n_timesteps_in_ = 1
    check_finite(X, "X", "fill the gaps (SimpleImputer)")
    return X


def _check_windows_of_one_column(estimator: BaseEstimator) -> None:
    """Refuse flattened windows of several columns, which would be read as one series."""
    matches = [_LAG.fullmatch(name) for name in getattr(estimator, "feature_names_in_", ())]
    columns = list(dict.fromkeys(match["column"] for match in matches if match))
    if len(columns) > 1 and all(matches):
        raise ValueError(
            f"X holds flattened windows of {len(columns)} columns ({', '.join(columns)}). "
            f"{type(estimator).__name__} reads 2-D X as one feature per step. Remove flatten=True "
            "from SlidingWindowTransformer, which then keeps a feature axis."
        )
