"""Inside an LSTM cell: three gates, and a cell state that passes along the top."""

from _unrolled import lstm_cell

lstm_cell()
