"""Inspection of networks and forecasts: gates, gradients, and displays."""

from skrnn.inspection._comparison_display import ComparisonDisplay
from skrnn.inspection._forecast_display import ForecastDisplay
from skrnn.inspection._gate_activation_display import GateActivationDisplay
from skrnn.inspection._gates import gate_activations
from skrnn.inspection._gradient_flow import gradient_flow
from skrnn.inspection._gradient_flow_display import GradientFlowDisplay
from skrnn.inspection._loss_curve_display import LossCurveDisplay
from skrnn.inspection._reliability_display import ReliabilityDisplay

__all__ = [
    "ComparisonDisplay",
    "ForecastDisplay",
    "GateActivationDisplay",
    "GradientFlowDisplay",
    "LossCurveDisplay",
    "ReliabilityDisplay",
    "gate_activations",
    "gradient_flow",
]
