"""Chart of four rows of the table in benchmarks.md: one bar for each package."""

from pathlib import Path

import matplotlib.pyplot as plt

WORKS = {
    "grid of 30 fits, n_jobs=1": "Grid search of 30 fits",
    "100 epochs of 180 windows, 4 x 32 LSTM, first fit": "First fit, 100 epochs of 180 windows",
    "epoch, 1 x 50 LSTM": "Epoch of 1,198 windows, 1 x 50 LSTM",
    "predict one window, 1 x 50 LSTM": "Predict one row, 1 x 50 LSTM",
}
RIVALS = ("PyTorch", "skorch", "raw Keras", "scikeras")


def number(text):
    """Return the number of a cell such as "0.117 ms"."""
    return float(text.split()[0])


rows = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in Path("../benchmarks.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|")
]
figure, axes = plt.subplots(2, 2, figsize=(8.4, 4.2), layout="constrained")
for ax, (work, title) in zip(axes.flat, WORKS.items(), strict=True):
    pairs = [row[1:4] for row in rows if row[0] == work and row[2] in RIVALS]
    # skrnn has rounds of its own with each rival: the slowest median is shown.
    shown = {"skrnn": max((ours for ours, _, _ in pairs), key=number)}
    shown |= {against: other for _, against, other in pairs}
    names = sorted(shown, key=lambda name: number(shown[name]))
    values = [number(shown[name]) for name in names]
    colors = ["C0" if name == "skrnn" else "0.75" for name in names]
    bars = ax.barh(names, values, color=colors)
    ax.bar_label(bars, [shown[name] for name in names], padding=3, fontsize=9)
    ax.set_title(title, fontsize=10.5, loc="left")
    ax.set_xlim(0, 1.25 * max(values))
    ax.invert_yaxis()
    ax.set_xticks([])
    ax.tick_params(left=False, labelsize=9)
    ax.spines[:].set_visible(False)
