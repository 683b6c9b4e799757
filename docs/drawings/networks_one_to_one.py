"""One to one: no sequence, and so no recurrence."""

from _unrolled import Drawing

drawing = Drawing(4.6, 1.9)
read = drawing.box(2.3, 0.3, "$x$", "input")
hidden = drawing.box(2.3, 0.95, "hidden", width=0.9)
written = drawing.box(2.3, 1.6, "$ŷ$", "output")
drawing.arrow(read.top, hidden.bottom)
drawing.arrow(hidden.top, written.bottom)
drawing.text(0.9, 0.95, "no state,\nno steps")
