"""Writing on: the drawn symbol is read at the next step."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.6, 2.7)
cells = []
previous = None
for x, read, written in zip(columns(3, left=0.75, gap=1.45), "tob", "obe", strict=True):
    read = drawing.box(x, 0.55, f"“{read}”", "input")
    cells.append(drawing.box(x, 1.25, "$h$"))
    output = drawing.box(x, 1.95, f"“{written}”", "output")
    drawing.arrow(read.top, cells[-1].bottom)
    drawing.arrow(cells[-1].top, output.bottom)
    if previous is not None:
        middle = (previous.x + x) / 2
        corners = (middle, 1.95), (middle, 0.55)
        drawing.path(previous.right, *corners, read.left, color="tab:red", style="--")
    previous = output
chain(drawing, cells)
drawing.text(2.3, 2.45, "drawn from the probabilities of the step")
drawing.text(2.3, 0.17, "dashed: what was written is read", color="tab:red")
