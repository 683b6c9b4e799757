"""Missing steps: the state skips them."""

from itertools import pairwise

from _unrolled import Drawing, columns

drawing = Drawing(4.7, 2.1)
places = columns(5, left=0.42, gap=0.82)
cells = []
for x, step in zip(places, (1, 2, 3, 4, 5), strict=True):
    if step <= 3:
        read = drawing.box(x, 0.3, f"$x_{step}$", "input")
        cells.append(drawing.box(x, 1.0, f"$h_{step}$"))
        drawing.arrow(read.top, cells[-1].bottom)
    else:
        drawing.box(x, 0.3, "NaN", "missing", size=10)
        cells.append(drawing.box(x, 1.0, "$h_3$", "missing"))
for one, other in pairwise(cells):
    drawing.arrow(one.right, other.left, style="--" if other in cells[3:] else "-")
drawing.arrow(cells[-1].top, drawing.box(places[-1], 1.75, "$ŷ$", "output").bottom)
drawing.text(1.9, 1.75, "after step 3 nothing changes the state")
