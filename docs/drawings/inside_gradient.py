"""The gradient on its way back through the steps."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.7, 2.3)
cells = []
for x, step in zip(columns(5, left=0.42, gap=0.82), "12345", strict=True):
    cells.append(drawing.box(x, 1.0, f"$h_{step}$"))
    drawing.arrow(drawing.box(x, 0.3, f"$x_{step}$", "input").top, cells[-1].bottom)
chain(drawing, cells, color="0.7", width=1)
loss = drawing.box(cells[-1].x, 1.95, "loss", "output", width=0.6, size=10)
drawing.arrow(loss.bottom, cells[-1].top, color="tab:red", width=5)
widths = (0.4, 0.8, 1.7, 3.2)
for one, other, width in zip(cells[:-1], cells[1:], widths, strict=True):
    drawing.arrow(other.top, one.top, color="tab:red", width=width, bend=0.45)
drawing.text(1.75, 1.85, "the gradient, multiplied at each step", color="tab:red")
