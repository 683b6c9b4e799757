"""Many to many, step by step: every state gives an output."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.6, 1.9)
cells = []
for x, step in zip(columns(4, left=0.95), "1234", strict=True):
    cells.append(drawing.box(x, 0.95, f"$h_{step}$"))
    drawing.arrow(drawing.box(x, 0.3, f"$x_{step}$", "input").top, cells[-1].bottom)
    drawing.arrow(cells[-1].top, drawing.box(x, 1.6, f"$ŷ_{step}$", "output").bottom)
chain(drawing, cells)
