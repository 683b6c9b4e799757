"""An embedding: the number of a symbol chooses the row of a table that the cell reads."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.6, 2.9)
cells = []
words = [("not", "3", "-0.2 0.9"), ("a", "1", "0.1 0.0"), ("bad", "7", "-0.8 0.3")]
for x, (word, number, vector) in zip(columns(3, left=1.2, gap=1.1), words, strict=True):
    drawing.text(x, 0.2, word, size=10.5)
    read = drawing.box(x, 0.6, number, "input")
    looked_up = drawing.box(x, 1.25, vector, "gate", width=0.9, size=9.5)
    cells.append(drawing.box(x, 1.95, "$h$"))
    drawing.arrow(read.top, looked_up.bottom)
    drawing.arrow(looked_up.top, cells[-1].bottom)
chain(drawing, cells)
drawing.arrow(cells[-1].top, drawing.box(cells[-1].x, 2.6, "$ŷ$", "output").bottom)
drawing.text(0.07, 0.6, "number", size=9.5, ha="left")
drawing.text(0.07, 1.25, "vector,\nlearned", size=9.5, ha="left")
