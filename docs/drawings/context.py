"""The window of the first test row, with the remembered training rows and without them."""

import matplotlib.pyplot as plt
from matplotlib.patches import Patch, Rectangle

WINDOW_LENGTH, N_TRAIN, N_TEST = 3, 5, 3
TRAIN, TEST, OWN, PADDED, REST = "#4c78a8", "#72b7b2", "#f58518", "#e9e9e9", "#f4f4f4"

figure, axes = plt.subplots(2, figsize=(6.4, 4.6), sharex=True, layout="constrained")
for ax, carries in zip(axes, [True, False], strict=True):
    for line, row in enumerate(range(N_TRAIN, N_TRAIN + N_TEST)):
        for column in range(N_TRAIN + N_TEST):
            is_read = row - WINDOW_LENGTH <= column < row
            color, text = REST, ""
            if column == row:
                color, text = OWN, "y"
            elif is_read and column >= N_TRAIN:
                color, text = TEST, str(column)
            elif is_read:
                color, text = (TRAIN, str(column)) if carries else (PADDED, "·")
            ax.add_patch(Rectangle((column + 0.05, line + 0.08), 0.9, 0.84, facecolor=color))
            text_color = "0.3" if text == "·" else "white"
            place = column + 0.5, line + 0.5
            ax.text(*place, text, color=text_color, ha="center", va="center", fontsize=11)
    ax.axvline(N_TRAIN, color="0.3", linewidth=1.2)
    ax.set(xlim=(0, N_TRAIN + N_TEST), ylim=(N_TEST, 0))
    title = "the test rows continue the training rows" if carries else "the test rows start fresh"
    ax.set_title(title, fontsize=11, loc="left")
    rows = range(N_TRAIN, N_TRAIN + N_TEST)
    ax.set_yticks([i + 0.5 for i in range(N_TEST)], [f"t = {row}" for row in rows], fontsize=11)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
ticks = [i + 0.5 for i in range(N_TRAIN + N_TEST)]
axes[1].set_xticks(ticks, range(N_TRAIN + N_TEST), fontsize=11)
axes[1].set_xlabel("row; training ends at the line", fontsize=11)
figure.legend(
    [Patch(color=TRAIN), Patch(color=TEST), Patch(color=PADDED), Patch(color=OWN)],
    ["remembered", "of this call", "padding", "its own row: y"],
    loc="outside lower center",
    ncols=4,
    frameon=False,
    fontsize=10,
)
