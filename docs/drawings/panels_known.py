"""A window of lagged sales and of promotions that are known in advance."""

from _unrolled import Drawing, columns

drawing = Drawing(4.7, 2.2)
drawing.text(0.08, 1.35, "sales", ha="left", color="0.2")
drawing.text(0.08, 0.8, "promo", ha="left", color="0.2")
for x, day in zip(columns(5, left=1.0, gap=0.78), (1, 2, 3, 4, 5), strict=True):
    drawing.text(x, 1.85, f"day {day}")
    sales = "missing" if day == 1 else ("output" if day == 5 else "gate")
    drawing.box(x, 1.35, "?" if day == 5 else "", sales)
    drawing.box(x, 0.8, "", "gate" if day >= 3 else "missing")
drawing.text(2.35, 0.25, "yellow: what is read to predict the sales of day 5")
