"""Warnings about data: missing rows and steps, features that are not scaled, too few rows.

Each warning is a `UserWarning` with a class of its own, which filters can name. Warnings about
missing rows and steps are subclasses of `RowsMissingWarning`:
``warnings.simplefilter("error", RowsMissingWarning)`` turns all of them into errors.
"""

from __future__ import annotations

__all__ = [
    "FeaturesNotScaledWarning",
    "HeldOutRowsWarning",
    "MissingStepsWarning",
    "RowsMissingWarning",
    "RowsNotWindowsWarning",
    "TooFewCalibrationRowsWarning",
    "TooFewRowsWarning",
    "UnplacedLabelsWarning",
]


class RowsMissingWarning(UserWarning):
    """Windows have missing steps, because rows that belong in them were not given.

    `SlidingWindowTransformer` gives at most one a call. The message tells how many
    rows are affected, from which label on, and what to do. If there is a single cause, the warning
    has a subclass.

    See Also
    --------
    MissingStepsWarning : Steps are missing between the rows of a call.
    TooFewRowsWarning : A series is shorter than a window.
    UnplacedLabelsWarning : Labels do not tell where rows belong.

    Examples
    --------
    Later rows begin three days after the last fitted row. The two days between are missing steps:

    >>> import warnings
    >>> import pandas as pd
    >>> from skrnn import SlidingWindowTransformer
    >>> from skrnn.exceptions import RowsMissingWarning
    >>> days = pd.date_range("2024-01-01", periods=33)
    >>> sales = pd.DataFrame({"sales": range(33)}, index=days)
    >>> window = SlidingWindowTransformer(3, padding="nan").fit(sales[:30])
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always", RowsMissingWarning)
    ...     window.transform(sales[32:])
    array([[29., nan, nan]])
    >>> caught[0].category.__name__
    'RowsMissingWarning'
    """


class MissingStepsWarning(RowsMissingWarning):
    """Steps are missing between the rows of a call, and windows span these gaps.

    See Also
    --------
    skrnn.SlidingWindowTransformer : The parameter `gaps` decides how gaps are handled.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from skrnn import SlidingWindowTransformer
    >>> from skrnn.exceptions import MissingStepsWarning
    >>> hours = pd.date_range("2024-01-01", periods=30, freq="h")
    >>> load = pd.DataFrame({"load": range(30)}, index=hours).drop(hours[20])
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", MissingStepsWarning)
    ...     try:
    ...         window = SlidingWindowTransformer(3).fit(load)
    ...     except MissingStepsWarning as warning:
    ...         print(str(warning)[:45])
    1 step is missing between the 29 rows of X, a
    """


class TooFewRowsWarning(RowsMissingWarning):
    """A series has fewer fitted rows than a window has steps, so all its windows are padded.

    See Also
    --------
    RowsMissingWarning : Class of all warnings about missing rows and steps.

    Examples
    --------
    >>> import warnings
    >>> from skrnn import SlidingWindowTransformer
    >>> from skrnn.exceptions import TooFewRowsWarning
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always", TooFewRowsWarning)
    ...     window = SlidingWindowTransformer(window_length=10).fit([[1.0], [2.0]])
    >>> caught[0].category.__name__
    'TooFewRowsWarning'
    """


class UnplacedLabelsWarning(RowsMissingWarning):
    """Labels do not tell where rows belong: text, mixed types, or another type than in `fit`.

    Rows with these labels start fresh: their windows do not contain fitted rows.

    See Also
    --------
    RowsMissingWarning : Class of all warnings about missing rows and steps.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from skrnn import SlidingWindowTransformer
    >>> from skrnn.exceptions import UnplacedLabelsWarning
    >>> text = pd.DataFrame({"sales": [1.0, 2.0]}, index=["2024-01-01", "2024-01-02"])
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always", UnplacedLabelsWarning)
    ...     window = SlidingWindowTransformer(1).fit(text)
    >>> caught[0].category.__name__
    'UnplacedLabelsWarning'
    """


class FeaturesNotScaledWarning(UserWarning):
    """A feature has values that are too large for a recurrent network to learn from.

    `fit` of a recurrent estimator warns if the median absolute value of a feature is above 30.
    At such values `tanh` and sigmoid saturate, and gradients vanish. Scale the features with
    `StandardScaler` before making windows.

    See Also
    --------
    RowsNotWindowsWarning : A table of dated rows was given where windows are expected.

    Examples
    --------
    >>> import warnings
    >>> from skrnn.exceptions import FeaturesNotScaledWarning
    >>> warnings.filterwarnings("error", category=FeaturesNotScaledWarning)
    """


class HeldOutRowsWarning(UserWarning):
    """Held-out rows do not judge a network as the user probably expects.

    `fit` warns if a feature of `X_val` has another level or spread than in X. The steps of a
    pipeline are not applied to `X_val`. Of a feature that is normalized in each window, only the
    size of the changes from step to step is compared, because its level may drift. A classifier
    also warns if `validation_split` holds out rows of a single class, because rows are sorted by
    their labels.

    See Also
    --------
    FeaturesNotScaledWarning : Features have values that are too large.

    Examples
    --------
    >>> import warnings
    >>> from skrnn.exceptions import HeldOutRowsWarning
    >>> warnings.filterwarnings("error", category=HeldOutRowsWarning)
    """


class RowsNotWindowsWarning(UserWarning):
    """A table of dated rows was given where windows are expected.

    `fit` of a recurrent estimator warns if X is a DataFrame with dates as its index, and its
    columns are not the steps of one feature. The estimator would read the columns of a row as time
    steps. Make windows first, with `SlidingWindowTransformer`.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows.
    FeaturesNotScaledWarning : Features have values that are too large.

    Examples
    --------
    >>> import warnings
    >>> from skrnn.exceptions import RowsNotWindowsWarning
    >>> warnings.filterwarnings("error", category=RowsNotWindowsWarning)
    """


class TooFewCalibrationRowsWarning(UserWarning):
    """Intervals were calibrated on too few rows for their coverage.

    The bounds then reach to the largest score of the calibration rows, and hold fewer targets than
    `coverage` says on average. Intervals of 90% need 19 calibration rows, those of 99% need 199.

    See Also
    --------
    skrnn.ConformalIntervals : Calibrates intervals.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skrnn import ConformalIntervals
    >>> from skrnn.exceptions import TooFewCalibrationRowsWarning
    >>> X = np.arange(20.0).reshape(-1, 1)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always", TooFewCalibrationRowsWarning)
    ...     model = ConformalIntervals(Ridge()).fit(X, X[:, 0])
    >>> caught[0].category.__name__
    'TooFewCalibrationRowsWarning'
    """
