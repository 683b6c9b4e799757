"""One to many: one vector is read again at every step."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.6, 2.2)
cells = []
for x, step in zip(columns(4, left=0.95), "1234", strict=True):
    cells.append(drawing.box(x, 1.25, f"$h_{step}$"))
    drawing.arrow((x, 0.75), cells[-1].bottom)
    drawing.arrow(cells[-1].top, drawing.box(x, 1.9, f"$ŷ_{step}$", "output").bottom)
chain(drawing, cells)
read = drawing.box(2.3, 0.3, "$x$", "input")
drawing.arrow(read.top, (2.3, 0.75), head=False)
drawing.arrow((cells[0].x, 0.75), (cells[-1].x, 0.75), head=False)
drawing.text(3.6, 0.3, "the same vector at\nevery step", size=9.5)
