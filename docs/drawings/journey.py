"""How a row travels from a DataFrame to its prediction, and which module has it when."""

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

STATIONS = [
    ("a row of a DataFrame", "(n_features,)", "user"),
    ("scaled", "StandardScaler", "scikit-learn"),
    ("a step of some windows", "_windows: one padded buffer, views", "NumPy"),
    ("checked, not copied", "_validation", "NumPy"),
    ("gathered as float32", "_network: a batch, or a block of rows", "NumPy"),
    ("read step by step", "_network.passes, cells", "Numba"),
    ("an output", "_network.passes: dense head, linear_skip", "NumPy"),
    ("in the units of y", "_regression, _classification", "NumPy"),
    ("one number for the row", "(n_samples,)", "user"),
]
COLORS = {
    "user": "#54a24b",
    "scikit-learn": "#f58518",
    "NumPy": "#4c78a8",
    "Numba": "#b279a2",
}

figure, ax = plt.subplots(figsize=(5.2, 6.4), layout="constrained")
for number, (what, where, whose) in enumerate(STATIONS):
    y = -number
    box = FancyBboxPatch(
        (0.05, y - 0.3),
        5.2,
        0.6,
        boxstyle="round,pad=0.03",
        facecolor=COLORS[whose],
        edgecolor="none",
    )
    ax.add_patch(box)
    ax.text(
        2.65, y + 0.11, what, color="white", ha="center", va="center", fontsize=12, weight="bold"
    )
    ax.text(2.65, y - 0.16, where, color="white", ha="center", va="center", fontsize=9.5)
    if number:
        ax.add_patch(
            FancyArrowPatch((2.65, y + 0.72), (2.65, y + 0.32), arrowstyle="-|>", mutation_scale=12)
        )
    if number == 0 or whose != STATIONS[number - 1][2]:
        ax.text(5.5, y, whose, color=COLORS[whose], va="center", fontsize=11)
ax.set(xlim=(-0.1, 7.2), ylim=(-len(STATIONS) + 0.55, 0.45))
ax.axis("off")
