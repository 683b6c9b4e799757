"""Stacked layers: the states of one layer are the inputs of the next."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.6, 2.6)
layers = [[], []]
for x, step in zip(columns(4, left=0.95), "1234", strict=True):
    below = drawing.box(x, 0.3, f"$x_{step}$", "input")
    for layer, boxes in enumerate(layers):
        boxes.append(drawing.box(x, 0.95 + 0.65 * layer, f"$h^{layer + 1}_{step}$"))
        drawing.arrow(below.top, boxes[-1].bottom)
        below = boxes[-1]
for boxes in layers:
    chain(drawing, boxes)
drawing.arrow(below.top, drawing.box(below.x, 2.25, "$ŷ$", "output").bottom)
drawing.text(1.8, 2.25, "two layers: units=(50, 50)")
