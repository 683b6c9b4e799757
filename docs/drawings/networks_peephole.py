"""Inside an LSTM cell with peepholes: the gates see the cell state, too."""

from _unrolled import lstm_cell

lstm_cell(peephole=True)
