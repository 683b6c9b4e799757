"""Write the files of this folder, which later versions must read. Only for a new format."""

from pathlib import Path

import numpy as np
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import skrnn
from skrnn import GRURegressor, LSTMClassifier, LSTMRegressor, RNNRegressor
from skrnn import SlidingWindowTransformer as Windows

X = np.sin(np.arange(60.0)).reshape(-1, 1)
Y = X.ravel()
HOW = {"epochs": 2, "random_state": 0}


def write():
    """Fit and save."""
    estimators = {
        "pipeline": make_pipeline(
            MinMaxScaler(), Windows(4), GRURegressor((3, 2), dropout=0.1, **HOW)
        ).fit(X, Y),
        "lstm": make_pipeline(
            Windows(4, padding="nan"),
            LSTMRegressor(2, peephole=True, bidirectional=True, **HOW),
        ).fit(X, Y),
        "decoder": make_pipeline(
            Windows(4), RNNRegressor(2, architecture="encoder_decoder", **HOW)
        ).fit(X, np.column_stack([Y, Y, Y])),
        "classifier": make_pipeline(Windows(4), LSTMClassifier(2, **HOW)).fit(
            X, (Y > 0).astype(int)
        ),
        "search": GridSearchCV(
            make_pipeline(Windows(4), GRURegressor(2, linear_skip=True, **HOW)),
            {"gruregressor__dropout": [0.0, 0.2]},
            cv=TimeSeriesSplit(2),
            scoring="neg_mean_absolute_error",
        ).fit(X, Y),
    }
    for name, estimator in estimators.items():
        path = Path(__file__).parent / f"format{skrnn._persistence._FORMAT}-{name}.skrnn"
        skrnn.save(estimator, path)
        np.savez(path.with_suffix(".npz"), X=X, predictions=estimator.predict(X))


# pytest imports whatever is here, to look for doctests.
if __name__ == "__main__":
    write()
