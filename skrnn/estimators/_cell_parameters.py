"""Cell parameters: what an RNN, an LSTM and a GRU add to an estimator."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval

_Constraints = dict[str, list[Any]]

# Memory lengths are drawn from 1 to memory_steps - 1, which needs at least one length.
_MEMORY_STEPS = [Interval(Integral, 2, None, closed="left"), None]


class SimpleRNNParameters:
    """Parameters of the estimators with a simple RNN: none of its own."""

    _cell_constraints: ClassVar[_Constraints] = {}

    def _describe_cell(self) -> dict[str, Any]:
        return {"cell": "simple_rnn"}


class LSTMParameters:
    """Parameters of the estimators with an LSTM."""

    peephole: bool
    memory_steps: int | None

    _cell_constraints: ClassVar[_Constraints] = {
        "peephole": ["boolean"],
        "memory_steps": _MEMORY_STEPS,
    }

    def _describe_cell(self) -> dict[str, Any]:
        return {
            "cell": "peephole_lstm" if self.peephole else "lstm",
            "memory_steps": self.memory_steps,
        }


class GRUParameters:
    """Parameters of the estimators with a GRU."""

    reset_after: bool
    memory_steps: int | None

    _cell_constraints: ClassVar[_Constraints] = {
        "reset_after": ["boolean"],
        "memory_steps": _MEMORY_STEPS,
    }

    def _describe_cell(self) -> dict[str, Any]:
        return {
            "cell": "gru",
            "memory_steps": self.memory_steps,
            "cell_options": (("reset_after", self.reset_after),),
        }
