"""Recurrent networks in NumPy and Numba: cells, losses, optimizers, training, prediction.

All functions take and return arrays. No module here imports scikit-learn, pandas, TensorFlow or
Keras.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
