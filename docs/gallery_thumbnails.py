"""Thumbnails of the gallery, drawn for their size: one plot of a figure, with large letters."""

import pickle
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sphinx_gallery.scrapers import matplotlib_scraper


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figures of a block as sphinx-gallery does, and a thumbnail of the first one.

    A comment `# sphinx_gallery_thumbnail_axes = 1` in an example chooses another of its plots.
    """
    file_conf = block_vars["file_conf"]
    if plt.get_fignums() and "thumbnail_path" not in file_conf:
        template = Path(block_vars["image_path_iterator"].image_path)
        path = template.parent / f"small_{Path(block_vars['src_file']).stem}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        # The figure itself must not change.
        figure = pickle.loads(pickle.dumps(plt.figure(plt.get_fignums()[0])))
        draw_small(figure, file_conf.get("thumbnail_axes", 0))
        figure.savefig(path, dpi=100)
        plt.close(figure)
        file_conf["thumbnail_path"] = path.relative_to(gallery_conf["src_dir"]).as_posix()
    return matplotlib_scraper(block, block_vars, gallery_conf)


def draw_small(figure: Figure, number: int) -> None:
    """Leave one plot of a figure, without words that would be too small to read."""
    kept = figure.axes[number]
    for ax in figure.axes:
        ax.set_visible(ax is kept)
    for legend in [*figure.legends, *(ax.get_legend() for ax in figure.axes)]:
        if legend is not None:
            legend.remove()
    figure.suptitle("")
    figure.set_layout_engine("constrained")
    figure.set_size_inches(4, 2.8)
    kept.set_subplotspec(figure.add_gridspec(1, 1)[0])
    for place in ("left", "center", "right"):
        kept.set_title("", loc=place)
    kept.set(xlabel="", ylabel="")
    for text in [*kept.texts]:
        text.remove()
    for axis, side in ((kept.xaxis, "labelbottom"), (kept.yaxis, "labelleft")):
        labels = axis.get_major_formatter().format_ticks(axis.get_majorticklocs())
        # Dates and names do not fit.
        axis.set_tick_params(labelsize=14, rotation=0, **{side: all(map(is_number, labels))})
        if axis.get_scale() == "linear":
            axis.set_major_locator(MaxNLocator(4))
        axis.get_offset_text().set_visible(False)
    for line in kept.lines:
        line.set_linewidth(1.3 * line.get_linewidth())


def is_number(label: str) -> bool:
    """Return whether the label of a tick is a number or empty."""
    try:
        float(label.replace("\N{MINUS SIGN}", "-").replace(",", "") or 0)
    except ValueError:
        return "mathdefault" in label  # a power of ten
    return True
