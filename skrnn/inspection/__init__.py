"""Displays, and functions that look inside networks."""

from skrnn.inspection._gate_activation_display import GateActivationDisplay
from skrnn.inspection._gates import gate_activations
from skrnn.inspection._gradient_flow import gradient_flow
from skrnn.inspection._gradient_flow_display import GradientFlowDisplay

__all__ = [
    "GateActivationDisplay",
    "GradientFlowDisplay",
    "gate_activations",
    "gradient_flow",
]
