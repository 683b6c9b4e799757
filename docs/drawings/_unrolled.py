"""Boxes and arrows for drawings of networks that are unrolled in time; measured in inches."""

from dataclasses import dataclass
from itertools import pairwise

import matplotlib.pyplot as plt
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

FACES = {
    "input": "#ececec",
    "cell": "#cfe2f3",
    "output": "#d5e8d4",
    "gate": "#fff2cc",
    "frame": "#f7fafd",
    "missing": "white",
}
INK = "0.2"


@dataclass
class Box:
    """A box that is drawn, by its center and size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def top(self):
        """The middle of its upper edge."""
        return self.x, self.y + self.height / 2

    @property
    def bottom(self):
        """The middle of its lower edge."""
        return self.x, self.y - self.height / 2

    @property
    def left(self):
        """The middle of its left edge."""
        return self.x - self.width / 2, self.y

    @property
    def right(self):
        """The middle of its right edge."""
        return self.x + self.width / 2, self.y


class Drawing:
    """A figure without axes, to put boxes and arrows on."""

    def __init__(self, width, height):
        self.figure = plt.figure(figsize=(width, height))
        self.ax = self.figure.add_axes((0, 0, 1, 1))
        self.ax.set(xlim=(0, width), ylim=(0, height))
        self.ax.set_axis_off()

    def box(self, x, y, text="", kind="cell", *, width=0.5, height=0.36, size=11):
        """Draw a box around a text."""
        pad = 0.05
        shape = FancyBboxPatch(
            (x - width / 2 + pad, y - height / 2 + pad),
            width - 2 * pad,
            height - 2 * pad,
            boxstyle=f"round,pad={pad},rounding_size=0.06",
            facecolor=FACES[kind],
            edgecolor="0.65" if kind in ("missing", "frame") else "0.35",
            linestyle="--" if kind == "missing" else "-",
            linewidth=1,
            zorder=0 if kind == "frame" else 2,
        )
        self.ax.add_patch(shape)
        color = "0.5" if kind == "missing" else INK
        self.ax.text(x, y, text, ha="center", va="center", size=size, color=color, zorder=3)
        return Box(x, y, width, height)

    def circle(self, x, y, text, radius=0.12):
        """Draw what joins two lines, such as a sum."""
        self.ax.add_patch(
            Circle((x, y), radius, facecolor="white", edgecolor="0.35", linewidth=1, zorder=2)
        )
        self.ax.text(x, y - 0.005, text, ha="center", va="center", size=10, color=INK, zorder=3)
        return Box(x, y, 2 * radius, 2 * radius)

    def arrow(self, start, end, *, color=INK, style="-", width=1.2, bend=0.0, head=True):
        """Draw an arrow from point to point."""
        self.ax.add_patch(
            FancyArrowPatch(
                start,
                end,
                arrowstyle="-|>" if head else "-",
                mutation_scale=9,
                shrinkA=0,
                shrinkB=0,
                color=color,
                linestyle=style,
                linewidth=width,
                connectionstyle=f"arc3,rad={bend}",
                zorder=1,
            )
        )

    def path(self, *points, color=INK, style="-", width=1.2):
        """Draw an arrow that goes along several points."""
        for start, end in pairwise(points[:-1]):
            self.ax.plot(
                *zip(start, end, strict=True),
                color=color,
                linestyle=style,
                linewidth=width,
                solid_capstyle="round",
                zorder=1,
            )
        self.arrow(points[-2], points[-1], color=color, style=style, width=width)

    def text(self, x, y, text, *, size=10, color="0.35", ha="center", va="center", **kwargs):
        """Write something."""
        self.ax.text(x, y, text, size=size, color=color, ha=ha, va=va, **kwargs)


def columns(n, *, left=0.5, gap=0.9):
    """Return where n steps stand, side by side."""
    return [left + gap * i for i in range(n)]


def chain(drawing, boxes, **how):
    """Draw the way of the state, from each cell to the next."""
    for one, other in pairwise(boxes):
        drawing.arrow(one.right, other.left, **how)


def lstm_cell(*, peephole=False):
    """Draw what is inside an LSTM cell."""
    drawing = Drawing(4.6, 3.1)
    drawing.box(2.3, 1.62, kind="frame", width=3.4, height=2.1)
    top, gates = 2.38, 1.3
    places = {"$f$": 1.05, "$i$": 1.8, "$g$": 2.45, "$o$": 3.1}
    boxes = {
        name: drawing.box(x, gates, name, "gate" if name != "$g$" else "cell", width=0.42)
        for name, x in places.items()
    }
    forget = drawing.circle(1.05, top, r"$\times$")
    add = drawing.circle(2.12, top, "+")
    take = drawing.circle(2.12, 1.87, r"$\times$")
    show = drawing.circle(3.65, 1.3, r"$\times$")
    squash = drawing.box(3.65, 1.86, "tanh", "cell", width=0.5, height=0.28, size=9)
    # The cell state, along the top.
    drawing.arrow((0.2, top), forget.left, width=2)
    drawing.arrow(forget.right, add.left, width=2)
    drawing.arrow(add.right, (4.4, top), width=2)
    drawing.text(0.3, top + 0.2, "$c_{t-1}$", size=11)
    drawing.text(4.3, top + 0.2, "$c_t$", size=11)
    # What all gates read.
    bus = 0.85
    drawing.arrow((0.2, bus), (3.1, bus), head=False)
    drawing.text(0.3, bus - 0.2, "$h_{t-1}$", size=11)
    read = drawing.box(0.75, 0.25, "$x_t$", "input")
    drawing.arrow(read.top, (0.75, bus), head=False)
    for box in boxes.values():
        drawing.arrow((box.x, bus), box.bottom)
    drawing.arrow(boxes["$f$"].top, forget.bottom)
    drawing.path(boxes["$i$"].top, (1.8, 1.87), take.left)
    drawing.path(boxes["$g$"].top, (2.45, 1.87), take.right)
    drawing.arrow(take.top, add.bottom)
    drawing.arrow(boxes["$o$"].right, show.left)
    drawing.arrow((3.65, top), squash.top)
    drawing.arrow(squash.bottom, show.top)
    drawing.path(show.bottom, (3.65, bus), (4.4, bus))
    drawing.text(4.3, bus - 0.2, "$h_t$", size=11)
    if peephole:
        how = {"color": "tab:red", "style": "--"}
        drawing.path((0.72, top), (0.72, 1.3), boxes["$f$"].left, **how)
        drawing.path((0.72, 2.1), (1.42, 2.1), (1.42, 1.3), boxes["$i$"].left, **how)
        drawing.path((3.1, top), boxes["$o$"].top, **how)
        drawing.text(2.75, 0.25, "dashed: gates see the cell state", color="tab:red", size=10)
    else:
        drawing.text(2.75, 0.25, "yellow: gates, from 0 to 1", size=10)
    return drawing
