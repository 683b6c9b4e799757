"""Recurrent networks in NumPy and Numba: cells, layers, losses, optimizers, training, prediction.

It knows nothing of scikit-learn, pandas, TensorFlow or Keras. Arrays in, arrays out.
"""
