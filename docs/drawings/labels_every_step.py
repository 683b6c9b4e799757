"""A label at every step."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.6, 1.9)
cells = []
labels = ("low", "low", "high", "high")
for x, step, label in zip(columns(4, left=0.95), "1234", labels, strict=True):
    cells.append(drawing.box(x, 0.95, f"$h_{step}$"))
    drawing.arrow(drawing.box(x, 0.3, f"$x_{step}$", "input").top, cells[-1].bottom)
    written = drawing.box(x, 1.6, label, "output", width=0.58, size=10)
    drawing.arrow(cells[-1].top, written.bottom)
chain(drawing, cells)
