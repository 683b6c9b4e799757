"""Windows of a panel stay in their series."""

from _unrolled import Drawing

drawing = Drawing(4.7, 2.0)
places = [0.65 + 0.68 * i for i in range(6)]
boxes = []
for i, x in enumerate(places):
    shop, day = "AB"[i % 2], i // 2 + 1
    is_row = i == 4
    kind = "output" if is_row else ("input" if shop == "B" else "gate")
    boxes.append(drawing.box(x, 0.9, f"{shop}{day}", kind))
row = boxes[4]
for i in (0, 2):
    drawing.arrow(boxes[i].top, (row.x, row.top[1]), bend=-0.35, color="tab:red")
drawing.text(2.35, 1.8, "window of A3: A1 and A2, not B1 and B2", color="tab:red")
drawing.text(2.35, 0.45, "rows in order of time: shops A and B, days 1 to 3")
