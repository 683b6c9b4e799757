"""Place of a window before its targets, for three horizons and for several outputs."""

import matplotlib.pyplot as plt
from matplotlib.patches import Patch, Rectangle

READ, TARGET, BOTH, REST = "#4c78a8", "#f58518", "#8a6d9e", "#f2f2f2"
FIRST, LAST = -6, 3  # rows around t
CASES = [
    ("horizon=0", range(-3, 1), [0]),
    ("horizon=1\n(default)", range(-4, 0), [0]),
    ("horizon=3", range(-6, -2), [0]),
    ("horizon=1,\n3 outputs", range(-4, 0), [0, 1, 2]),
]

figure, axes = plt.subplots(len(CASES), figsize=(6.6, 4.2), sharex=True, layout="constrained")
for ax, (name, window, targets) in zip(axes, CASES, strict=True):
    for row in range(FIRST, LAST):
        is_read, is_target = row in window, row in targets
        color = (
            BOTH if is_read and is_target else READ if is_read else TARGET if is_target else REST
        )
        ax.add_patch(Rectangle((row + 0.04, 0.06), 0.92, 0.88, facecolor=color))
        if is_target:
            text = "y" if len(targets) == 1 else f"y[{targets.index(row)}]"
            ax.text(row + 0.5, 0.5, text, color="white", ha="center", va="center", fontsize=11)
    ax.set(xlim=(FIRST, LAST), ylim=(0, 1))
    ax.set_yticks([0.5], [name], fontsize=11)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
labels = [
    "t" if row == 0 else f"t{row:+d}".replace("-", "\N{MINUS SIGN}") for row in range(FIRST, LAST)
]
axes[-1].set_xticks([row + 0.5 for row in range(FIRST, LAST)], labels, fontsize=11)
figure.legend(
    [Patch(color=READ), Patch(color=TARGET), Patch(color=BOTH)],
    ["window of row t", "target of row t", "both"],
    loc="outside lower center",
    ncols=3,
    frameon=False,
    fontsize=11,
)
