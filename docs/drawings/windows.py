"""Rows that the window of a row reads, and the place of its y."""

import matplotlib.pyplot as plt
from matplotlib.patches import Patch, Rectangle

WINDOW_LENGTH, N_ROWS = 3, 7
READ, OWN, PADDED, REST = "#4c78a8", "#f58518", "#c9d7e8", "#f2f2f2"


def cell(ax, column, line, color, text="", text_color="white", **kwargs):
    """Draw a row of the table as a square."""
    ax.add_patch(Rectangle((column + 0.05, line + 0.08), 0.9, 0.84, facecolor=color, **kwargs))
    ax.text(column + 0.5, line + 0.5, text, color=text_color, ha="center", va="center", fontsize=11)


figure, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
for row in range(N_ROWS):
    for column in range(-WINDOW_LENGTH, N_ROWS):
        if column == row:
            cell(ax, column, row, OWN, "y")
        elif row - WINDOW_LENGTH <= column < row:
            if column < 0:
                cell(ax, column, row, PADDED, "·", "0.35", edgecolor="0.6", linestyle="--")
            else:
                cell(ax, column, row, READ, str(column))
        elif column >= 0:
            cell(ax, column, row, REST)

ax.set(
    xlim=(-WINDOW_LENGTH, N_ROWS),
    ylim=(N_ROWS, 0),
    aspect="equal",
    xlabel="row of X, oldest first",
    ylabel="window of row t",
)
ax.set_xticks([i + 0.5 for i in range(N_ROWS)], range(N_ROWS), fontsize=11)
ax.set_yticks([i + 0.5 for i in range(N_ROWS)], [f"t = {i}" for i in range(N_ROWS)], fontsize=11)
ax.tick_params(length=0)
ax.spines[:].set_visible(False)
ax.axvline(0, color="0.4", linewidth=1)
handles = [
    Patch(color=READ),
    Patch(facecolor=PADDED, edgecolor="0.6", linestyle="--"),
    Patch(color=OWN),
]
figure.legend(
    handles,
    ["read", "padding", "its own row: y"],
    loc="outside lower center",
    ncols=3,
    frameon=False,
    fontsize=11,
)
