"""Dropout acts on the way up, recurrent dropout on the way from step to step."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.6, 3.1)
layers = [[], []]
up = {"color": "tab:red", "style": "--", "width": 1.8}
along = {"color": "tab:purple", "style": ":", "width": 2.2}
for x, step in zip(columns(3, left=1.2, gap=1.05), "123", strict=True):
    read = drawing.box(x, 0.85, f"$x_{step}$", "input")
    for layer, boxes in enumerate(layers):
        boxes.append(drawing.box(x, 1.5 + 0.65 * layer, f"$h^{layer + 1}_{step}$"))
    drawing.arrow(read.top, layers[0][-1].bottom)
    drawing.arrow(layers[0][-1].top, layers[1][-1].bottom, **up)
for boxes in layers:
    chain(drawing, boxes, **along)
last = layers[1][-1]
drawing.arrow(last.top, drawing.box(last.x, 2.8, "$ŷ$", "output").bottom, **up)
drawing.text(2.3, 0.42, "dashed: dropout, after each layer", color="tab:red")
drawing.text(2.3, 0.17, "dotted: recurrent_dropout, step to step", color="tab:purple")
