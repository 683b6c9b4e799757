"""Inside a GRU cell: one gate chooses between the old state and a new one."""

from _unrolled import Drawing

drawing = Drawing(4.6, 3.1)
drawing.box(2.3, 1.62, kind="frame", width=3.4, height=2.1)
top, gates, bus = 2.38, 1.3, 0.95
reset = drawing.box(1.15, gates, "$r$", "gate", width=0.42)
update = drawing.box(2.2, gates, "$z$", "gate", width=0.42)
new = drawing.box(3.2, gates, "$g$", "cell", width=0.42)
keep = drawing.circle(2.2, top, r"$\times$")
add = drawing.circle(3.2, top, "+")
take = drawing.circle(3.2, 1.87, r"$\times$")
forget = drawing.circle(1.15, 1.87, r"$\times$")
# The state, along the top.
drawing.arrow((0.2, top), keep.left, width=2)
drawing.arrow(keep.right, add.left, width=2)
drawing.arrow(add.right, (4.4, top), width=2)
drawing.text(0.3, top + 0.2, "$h_{t-1}$", size=11)
drawing.text(4.3, top + 0.2, "$h_t$", size=11)
# What the gates read: the input, and the state before. The candidate reads the input.
read = drawing.box(0.95, 0.25, "$x_t$", "input")
drawing.path((0.75, top), (0.75, bus), (update.x, bus), update.bottom)
drawing.arrow((reset.x, bus), reset.bottom)
drawing.arrow(read.top, (0.95, bus), head=False)
drawing.path((0.95, 0.68), (new.x, 0.68), new.bottom)
drawing.arrow(reset.top, forget.bottom)
drawing.arrow((1.15, top), forget.top)
drawing.path(forget.right, (1.7, 1.87), (1.7, 1.66), (2.75, 1.66), (2.75, 1.3), new.left)
drawing.arrow(update.top, keep.bottom)
drawing.path((2.2, 1.87), take.left)
drawing.text(2.65, 2.0, "$1-z$", size=9)
drawing.arrow(new.top, take.bottom)
drawing.arrow(take.top, add.bottom)
drawing.text(2.75, 0.25, "yellow: gates, from 0 to 1", size=10)
