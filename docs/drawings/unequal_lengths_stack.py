"""Sequences of unequal length in one array."""

from _unrolled import Drawing

drawing = Drawing(4.6, 2.1)
for row, length in enumerate((2, 3, 1)):
    y = 1.4 - 0.45 * row
    for step in range(3):
        if step < length:
            drawing.box(0.4 + 0.55 * step, y, kind="input")
            drawing.box(3.05 + 0.55 * step, y, kind="input")
        else:
            drawing.box(3.05 + 0.55 * step, y, "NaN", "missing", size=9)
drawing.arrow((1.95, 0.95), (2.65, 0.95))
drawing.text(0.95, 1.85, "a list")
drawing.text(3.6, 1.85, "one array")
drawing.text(2.3, 1.12, "stack", size=9)
drawing.text(3.6, 0.15, "steps", size=9.5)
