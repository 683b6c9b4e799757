"""Forecasts of future rows, and text generated from a classifier."""
