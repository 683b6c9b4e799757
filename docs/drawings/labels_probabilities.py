"""From the last state to the probabilities of classes."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.6, 2.8)
cells = []
for x, step in zip(columns(4, left=0.5, gap=0.8), "1234", strict=True):
    cells.append(drawing.box(x, 0.95, f"$h_{step}$"))
    drawing.arrow(drawing.box(x, 0.3, f"$x_{step}$", "input").top, cells[-1].bottom)
chain(drawing, cells)
softmax = drawing.box(2.9, 1.6, "softmax", "gate", width=0.85, size=10)
drawing.arrow(cells[-1].top, softmax.bottom)
classes = [("falling", 0.1), ("flat", 0.2), ("rising", 0.7)]
for y, (name, probability) in zip((2.55, 2.3, 2.05), classes, strict=True):
    drawing.text(0.95, y, name, ha="right")
    drawing.ax.barh(y, 1.6 * probability, 0.17, left=1.05, color="#9cc79a")
    drawing.text(1.12 + 1.6 * probability, y, f"{probability}", ha="left")
drawing.path(softmax.right, (3.8, 1.6), (3.8, 2.3), (2.85, 2.3))
drawing.text(3.9, 1.95, "sum to 1", ha="left", size=9.5)
