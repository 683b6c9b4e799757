"""Warnings about data that is not what it seems.

Each is a `UserWarning` of a class of its own, which filters can name.
"""

__all__ = ["FeaturesNotScaledWarning", "RowsNotWindowsWarning"]


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
