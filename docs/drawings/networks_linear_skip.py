"""A linear skip: a linear map of the window is added to the output of the recurrent part."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.6, 2.3)
cells = []
for x, step in zip(columns(4, left=0.45, gap=0.8), "1234", strict=True):
    read = drawing.box(x, 0.75, f"$x_{step}$", "input")
    cells.append(drawing.box(x, 1.4, f"$h_{step}$"))
    drawing.arrow(read.top, cells[-1].bottom)
    drawing.arrow(read.bottom, (x, 0.3), head=False, color="tab:red", style="--")
chain(drawing, cells)
add = drawing.circle(3.6, 1.4, "+")
drawing.arrow(cells[-1].right, add.left)
drawing.path((cells[0].x, 0.3), (3.6, 0.3), add.bottom, color="tab:red", style="--")
drawing.arrow(add.right, drawing.box(4.2, 1.4, "$ŷ$", "output").left)
drawing.text(1.65, 0.14, "linear map of the window", color="tab:red", size=9.5)
drawing.text(1.65, 1.85, "recurrent part")
