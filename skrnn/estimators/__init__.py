"""Recurrent networks and the naive rival as estimators of scikit-learn."""
