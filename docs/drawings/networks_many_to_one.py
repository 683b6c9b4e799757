"""Many to one: all steps are read, and the last state gives the output."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.6, 1.9)
cells = []
for x, step in zip(columns(4, left=0.95), "1234", strict=True):
    cells.append(drawing.box(x, 0.95, f"$h_{step}$"))
    drawing.arrow(drawing.box(x, 0.3, f"$x_{step}$", "input").top, cells[-1].bottom)
chain(drawing, cells)
drawing.arrow(cells[-1].top, drawing.box(cells[-1].x, 1.6, "$ŷ$", "output").bottom)
drawing.text(2.0, 1.6, "only the last state is asked")
