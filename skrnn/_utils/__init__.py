"""Helpers that two or more folders share, and that know none of them."""
