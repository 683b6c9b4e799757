"""Fixtures: a series, and a small network that is quick to train."""

import numpy as np
import pandas as pd
import pytest

from skrnn import RNNRegressor


@pytest.fixture(scope="session")
def series():
    """Sixty days of a standardized random walk. Do not change them."""
    walk = np.cumsum(np.random.default_rng(0).normal(size=60))
    days = pd.date_range("2024-01-01", periods=60, freq="D")
    return pd.Series((walk - walk.mean()) / walk.std(), days, name="price")


@pytest.fixture
def network():
    """Return a network that has not been fitted."""
    return RNNRegressor(units=2, epochs=2, batch_size=16, random_state=0)
