"""Recurrent neural networks as ordinary scikit-learn estimators."""

from skrnn._config import config_context, get_config, set_config
from skrnn._persistence import load, save
from skrnn.estimators._classifiers import GRUClassifier, LSTMClassifier, RNNClassifier
from skrnn.estimators._conformal_intervals import ConformalIntervals
from skrnn.estimators._naive import NaiveRegressor
from skrnn.estimators._regressors import GRURegressor, LSTMRegressor, RNNRegressor
from skrnn.forecasting._forecast import forecast
from skrnn.forecasting._generate import generate
from skrnn.windows._sequences import stack_sequences
from skrnn.windows._stepwise_transformer import StepwiseTransformer
from skrnn.windows._transformer import SlidingWindowTransformer

__version__ = "0.2.0"

__all__ = [
    "ConformalIntervals",
    "GRUClassifier",
    "GRURegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "NaiveRegressor",
    "RNNClassifier",
    "RNNRegressor",
    "SlidingWindowTransformer",
    "StepwiseTransformer",
    "config_context",
    "forecast",
    "generate",
    "get_config",
    "load",
    "save",
    "set_config",
    "stack_sequences",
]
