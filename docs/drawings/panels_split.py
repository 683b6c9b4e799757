"""Sorted by series, a split in time is a split between series."""

from _unrolled import Drawing

drawing = Drawing(4.7, 3.1)
orders = {
    "by shop: wrong": [f"{shop}{day}" for shop in "ABC" for day in "123"],
    "by day: right": [f"{shop}{day}" for day in "123" for shop in "ABC"],
}
for y, (title, rows) in zip((2.45, 1.15), orders.items(), strict=True):
    drawing.text(0.1, y + 0.42, "sorted " + title, ha="left", color="0.2")
    for i, name in enumerate(rows):
        drawing.box(0.33 + 0.505 * i, y, name, "input" if i < 6 else "output", width=0.45, size=10)
    drawing.ax.plot((3.11, 3.11), (y - 0.3, y + 0.3), color="tab:red", linewidth=2)
drawing.text(1.6, 2.02, "training: all days of A and B", size=9.5)
drawing.text(3.9, 2.02, "test: shop C", size=9.5)
drawing.text(1.6, 0.72, "training: days 1 and 2 of all", size=9.5)
drawing.text(3.9, 0.72, "test: day 3", size=9.5)
drawing.text(2.35, 0.2, "A2: shop A, day 2. Red: the split of TimeSeriesSplit", size=9.5)
