"""Bidirectional: a second layer reads the steps from the last to the first."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.6, 2.6)
forward, backward = [], []
for x, step in zip(columns(4, left=0.75), "1234", strict=True):
    read = drawing.box(x, 0.3, f"$x_{step}$", "input")
    forward.append(drawing.box(x - 0.17, 0.98, f"$h_{step}$", width=0.42))
    backward.append(drawing.box(x + 0.17, 1.6, f"$k_{step}$", "gate", width=0.42))
    drawing.arrow((x - 0.17, 0.48), forward[-1].bottom)
    drawing.arrow((x + 0.17, 0.48), backward[-1].bottom)
chain(drawing, forward)
for later, earlier in zip(backward[:0:-1], backward[-2::-1], strict=True):
    drawing.arrow(later.left, earlier.right)
written = drawing.box(4.2, 2.25, "$ŷ$", "output")
drawing.path(forward[-1].right, (4.2, 0.98), written.bottom)
drawing.path(backward[0].top, (backward[0].x, 2.25), written.left)
drawing.text(2.6, 2.08, "last state of each direction", size=9.5)
