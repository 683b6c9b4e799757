"""Displays, and functions that look inside networks."""

from skrnn.inspection._gates import gate_activations
from skrnn.inspection._gradient_flow import gradient_flow

__all__ = [
    "gate_activations",
    "gradient_flow",
]
