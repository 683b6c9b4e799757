"""Recurrent networks and the naive forecast as estimators of scikit-learn."""
