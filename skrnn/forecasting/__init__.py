"""Rows and labels that come next."""
