"""Recurrent networks in NumPy and Numba: cells, losses, optimizers, training, prediction.

It knows nothing of scikit-learn, pandas, TensorFlow or Keras. Arrays in, arrays out.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
