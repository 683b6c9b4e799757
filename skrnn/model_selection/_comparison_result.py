"""Comparison of regressors: the result object of `compare_regressors`."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from skrnn.metrics import diebold_mariano_test
from skrnn.model_selection._compared_quantiles import QUANTILE_SCORES


@dataclass(frozen=True, repr=False, eq=False)
class Comparison:
    """The result object of `compare_regressors`. Its repr is the table of the comparison.

    All parameters are stored as attributes.

    Parameters
    ----------
    scores : dict of str to DataFrame
        Scores of each estimator, by its name. Each split has one row: metrics, MASE, and the
        seconds of fit and predict.

    predictions : DataFrame
        Out-of-fold predictions: one column for each estimator, and one row for each predicted row,
        in the order of the splits. Row labels are those of `y` or `X`. With several outputs, the
        columns have two levels: estimator and number of the output.

    y_true : Series or DataFrame
        Targets of the predicted rows.

    levels : tuple of float or None
        Levels of the quantiles that all models with quantiles have. None without such models.

    quantiles : dict of str to ndarray of shape (n_predicted, [n_outputs,] n_quantiles)
        Out-of-fold quantiles of these levels, of each estimator that has quantiles.

    splits : list of (train, test)
        Positions of the rows of each split.

    baseline : str
        Name of the estimator that the others are compared with.

    best_params : dict of str to list of dict
        Parameters that each search has chosen, one dict for each split. Other estimators are left
        out.

    n_steps : dict of str to int
        Number of steps ahead of the forecasts of each estimator, for the test of Diebold and
        Mariano.

    times : ndarray of int of shape (n_predicted,) or None
        Numbers of the times of the predicted rows. Rows of a panel at the same time have the same
        number. None if the rows of a panel have no labels.

    See Also
    --------
    compare_regressors : Compare regressors, and return this object.
    skrnn.inspection.ComparisonDisplay : Draw the scores of each split.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import TimeSeriesSplit
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import SlidingWindowTransformer
    >>> from skrnn.model_selection import compare_regressors
    >>> wave = np.sin(np.arange(120) / 5)
    >>> ridge = make_pipeline(SlidingWindowTransformer(5), Ridge(alpha=0.01))
    >>> comparison = compare_regressors([ridge], wave[:, None], wave, cv=TimeSeriesSplit(3))
    >>> comparison.baseline
    'NaiveRegressor'
    >>> comparison.scores["Ridge"][["RMSE", "MAE"]].shape
    (3, 2)
    >>> comparison.predictions.shape
    (90, 2)
    """

    scores: dict[str, pd.DataFrame]
    predictions: pd.DataFrame
    y_true: pd.Series | pd.DataFrame
    levels: tuple[float, ...] | None
    quantiles: dict[str, np.ndarray]
    splits: list[tuple[np.ndarray, np.ndarray]]
    baseline: str
    best_params: dict[str, list[dict[str, Any]]]
    n_steps: dict[str, int]
    times: np.ndarray | None

    def frame(self) -> pd.DataFrame:
        """Return the table of the comparison, with one row for each estimator.

        Returns
        -------
        frame : DataFrame
            For each metric, the mean over the splits and the spread, which is the standard
            deviation over the splits. "RMSE" and "MAE" are in the units of y, and lower is better.
            Metrics of `scoring` are those of scikit-learn's scorers, and higher is better.

            - "skill" : 1 - RMSE / RMSE of the baseline. 0 is as good as the baseline, 1 is perfect.
            - "MASE" : mean absolute error, divided by that of the previous value in the training
              rows (Hyndman & Koehler 2006).
            - "DM p" : p-value of the test that the estimator and the baseline have equal squared
              errors (Diebold & Mariano 1995; Harvey, Leybourne & Newbold 1997), over all predicted
              rows, or over the times of a panel. The skill tells which of both is better. NaN for
              the baseline, for rows that are predicted more than once, and for panels without row
              labels.
            - "pinball" : mean pinball loss of the quantiles (Koenker & Bassett 1978). Lower is
              better. This column and those up to "CRPS" are left out if no model has quantiles.
            - "pinball skill" : 1 - pinball loss / pinball loss of the baseline.
            - "coverage", "width" : share of the rows that lie between the outermost quantiles, and
              mean distance of these quantiles. The right coverage is the distance of the levels.
            - "Winkler" : width plus a penalty for each row outside (Winkler 1972). Lower is better.
            - "CRPS" : continuous ranked probability score (Gneiting & Raftery 2007). Lower is
              better. Empty if the outermost levels are not symmetric about 0.5.
            - "fit s", "predict s" : mean seconds for each split. Rows in a gap are predicted, too.
            - "best parameters" : parameters that a search has chosen in the last split. This column
              is left out if no estimator is a search.

        References
        ----------
        Hyndman, R. J. & Koehler, A. B. (2006). Another look at measures of forecast accuracy.
        International Journal of Forecasting, 22(4).

        Diebold, F. X. & Mariano, R. S. (1995). Comparing predictive accuracy. Journal of Business &
        Economic Statistics, 13(3).

        Harvey, D., Leybourne, S. & Newbold, P. (1997). Testing the equality of prediction mean
        squared errors. International Journal of Forecasting, 13(2).

        Koenker, R. & Bassett, G. (1978). Regression quantiles. Econometrica, 46(1).

        Winkler, R. L. (1972). A decision-theoretic approach to interval estimation. Journal of the
        American Statistical Association, 67(337).

        Gneiting, T. & Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and
        estimation. Journal of the American Statistical Association, 102(477).
        """
        rows = {name: self._summarize(name) for name in self.scores}
        frame = pd.DataFrame.from_dict(rows, orient="index")
        if self.best_params:
            chosen = {name: found[-1] for name, found in self.best_params.items()}
            frame["best parameters"] = pd.Series(chosen, dtype=object)
        return frame

    def _summarize(self, name: str) -> dict[str, float]:
        """Return the row of one estimator in the table."""
        scores = self.scores[name]
        row = {}
        without_spread = ["MASE", "fit s", "predict s", *QUANTILE_SCORES]
        for metric in scores.columns.drop(without_spread, errors="ignore"):
            row[metric] = scores[metric].mean()
            row[f"{metric} spread"] = scores[metric].std(ddof=0)
        row["skill"] = 1 - row["RMSE"] / self.scores[self.baseline]["RMSE"].mean()
        row["MASE"] = scores["MASE"].mean()
        row["DM p"] = self._test_against_baseline(name)
        if self.levels is not None:
            means = scores[list(QUANTILE_SCORES)].mean()
            baseline = self.scores[self.baseline]["pinball"].mean()
            row["pinball"] = means.pop("pinball")
            row["pinball skill"] = 1 - row["pinball"] / baseline
            row |= {str(metric): mean for metric, mean in means.items()}
        return row | {time: scores[time].mean() for time in ("fit s", "predict s")}

    def _test_against_baseline(self, name: str) -> float:
        """Return the p-value of the test of Diebold and Mariano."""
        rows = np.concatenate([test for _, test in self.splits])
        if len(np.unique(rows)) < len(rows) or self.times is None:
            return np.nan
        # Series of a panel have similar errors at the same time, so each time counts once.
        _, places = np.unique(self.times, return_inverse=True)
        counts = np.bincount(places)
        losses, baseline_losses = (
            np.bincount(places, self._losses(each)) / counts for each in (name, self.baseline)
        )
        n_steps = max(self.n_steps[name], self.n_steps[self.baseline])
        return diebold_mariano_test(losses, baseline_losses, n_steps=n_steps)[1]

    def _losses(self, name: str) -> np.ndarray:
        """Return the squared error of each row, averaged over the outputs."""
        y = self.y_true.to_numpy()
        errors = self.predictions[name].to_numpy() - y
        return (errors**2).reshape(len(y), -1).mean(axis=1)

    def _title(self) -> str:
        splits = "split" if len(self.splits) == 1 else "splits"
        return (
            f"{len(self.scores)} regressors, {len(self.splits)} {splits}, {len(self.y_true)} rows "
            f"predicted; skill and DM p are against {self.baseline}"
            + (f"; quantiles {', '.join(map(str, self.levels))}" if self.levels else "")
        )

    def __repr__(self) -> str:
        return f"{self._title()}\n\n{self.frame().to_string(float_format=_format, na_rep='')}"

    def _repr_html_(self) -> str:
        table = self.frame().to_html(float_format=_format, na_rep="", max_rows=None)
        return f"<p>{escape(self._title())}</p>{table}"


def _format(value: float) -> str:
    """Return a number with three significant digits, or with all digits before the point."""
    return f"{value:.0f}" if abs(value) >= 999.5 else f"{value:#.3g}".rstrip(".")
