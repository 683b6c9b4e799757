"""The way of a row from a DataFrame to its prediction, with the folder that handles it."""

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

# Each station of the row: its change, the module that makes it, and the folder.
STATIONS = [
    ("a row of a DataFrame", "(n_features,)", "user"),
    ("scaled", "StandardScaler", "scikit-learn"),
    ("a step of some windows", "_placing, _views: one padded buffer", "windows"),
    ("checked, not copied", "fit, predict", "estimators"),
    ("in a fit: epochs, callbacks", "fitting, kernel_model", "_keras"),
    ("gathered as float32", "training: a batch; prediction: a block", "_network"),
    ("read step by step", "passes, cells: Numba kernels", "_network"),
    ("an output", "passes: dense head, linear_skip", "_network"),
    ("in the units of y", "predict", "estimators"),
    ("fed back as a future row", "only by forecast and generate", "forecasting"),
    ("one number for the row", "(n_samples,)", "user"),
]
COLORS = {
    "user": "#54a24b",
    "scikit-learn": "#f58518",
    "windows": "#4c78a8",
    "estimators": "#72727e",
    "_keras": "#b5533c",
    "_network": "#8a5a83",
    "forecasting": "#2f8a86",
}

figure, ax = plt.subplots(figsize=(5.6, 7.4), layout="constrained")
for number, (what, where, folder) in enumerate(STATIONS):
    y = -number
    box = FancyBboxPatch(
        (0.05, y - 0.3),
        5.2,
        0.6,
        boxstyle="round,pad=0.03",
        facecolor=COLORS[folder],
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
    if number == 0 or folder != STATIONS[number - 1][2]:
        ax.text(5.5, y, folder, color=COLORS[folder], va="center", fontsize=11)
ax.set(xlim=(-0.1, 7.4), ylim=(-len(STATIONS) + 0.55, 0.45))
ax.axis("off")
