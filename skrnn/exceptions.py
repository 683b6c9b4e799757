"""Warnings about data that is not what it seems.

Each is a `UserWarning` of a class of its own, which filters can name. Those about rows whose
windows lack steps are all of the class `RowsMissingWarning`:
``warnings.simplefilter("error", RowsMissingWarning)`` turns them into errors.
"""

from __future__ import annotations

__all__ = [
    "FeaturesNotScaledWarning",
    "MissingStepsWarning",
    "RowsMissingWarning",
    "RowsNotWindowsWarning",
    "TooFewRowsWarning",
    "UnplacedLabelsWarning",
]


class RowsMissingWarning(UserWarning):
    """Windows lack steps, because rows that belong into them were not given.

    `SlidingWindowTransformer` gives at most one a call. The message says how many rows are
    concerned, from which label on, and what to do. A cause that stands alone has a class of its
    own, which is a subclass of this one.

    See Also
    --------
    MissingStepsWarning : Steps are missing between the rows of a call.
    TooFewRowsWarning : A series is shorter than a window.
    UnplacedLabelsWarning : Labels do not say where rows belong.

    Examples
    --------
    Rows come three days after the last fitted one; the two days between are missing steps:

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
    """Steps are missing between the rows of a call, and windows read across them.

    See Also
    --------
    skrnn.SlidingWindowTransformer : Its parameter `gaps` decides what happens.

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
    """A series has fewer fitted rows than a window is long, so all its windows are padded.

    See Also
    --------
    RowsMissingWarning : The class of all warnings about rows.

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
    """Labels do not say where rows belong: text, mixed types, another kind than the fitted ones.

    Rows with these labels start fresh, without the fitted rows before them.

    See Also
    --------
    RowsMissingWarning : The class of all warnings about rows.

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
    """A feature has numbers that are too large for a recurrent network to learn from.

    `fit` of a recurrent estimator warns if the median absolute value of a feature is beyond 30.
    Cells end in `tanh` and sigmoids, which are flat there: gradients vanish. Scale the features,
    with `StandardScaler` in front of the windows.

    See Also
    --------
    RowsNotWindowsWarning : A table of dated rows was given where windows are expected.

    Examples
    --------
    >>> import warnings
    >>> from skrnn.exceptions import FeaturesNotScaledWarning
    >>> warnings.filterwarnings("error", category=FeaturesNotScaledWarning)
    """


class RowsNotWindowsWarning(UserWarning):
    """A table of dated rows was given where windows are expected.

    `fit` of a recurrent estimator warns if X is a DataFrame with dates as its index, and its
    columns are not the steps of one feature: it would read the columns of a row as steps in time.
    Make windows first, with `SlidingWindowTransformer`.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows.
    FeaturesNotScaledWarning : Features have numbers that are too large.

    Examples
    --------
    >>> import warnings
    >>> from skrnn.exceptions import RowsNotWindowsWarning
    >>> warnings.filterwarnings("error", category=RowsNotWindowsWarning)
    """
