"""A recurrent layer is one cell with a loop; unrolled, it is the same cell at every step."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.6, 2.0)
folded = drawing.box(0.5, 1.0, "$h$")
drawing.arrow(drawing.box(0.5, 0.3, "$x$", "input").top, folded.bottom)
drawing.path(folded.right, (1.0, 1.0), (1.0, 1.5), (0.5, 1.5), folded.top)
drawing.text(1.35, 1.0, "=", size=16)
cells = []
for x, step in zip(columns(3, left=2.25), "123", strict=True):
    cells.append(drawing.box(x, 1.0, f"$h_{step}$"))
    drawing.arrow(drawing.box(x, 0.3, f"$x_{step}$", "input").top, cells[-1].bottom)
drawing.text(1.62, 1.0, "0", size=11)
drawing.arrow((1.7, 1.0), cells[0].left)
chain(drawing, cells)
drawing.text(3.15, 1.5, "the same weights at every step")
