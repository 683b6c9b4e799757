"""The accuracy page: tables and sentences, made from stored results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from textwrap import fill
from typing import Any

import numpy as np
from accuracy_tables import LAST, START, TABLES, Published, Table, label

EXPLANATION = """\
Networks beside the last value, ridge regression and published figures, as `make accuracy` measures
them. Other models are fitted once, networks with {n_seeds} seeds: the figure is the mean, and
"spread" the standard deviation of the seeds. Settings were chosen with plain networks on the last
fifth of the training rows (waves: on validation waves). They are the same for all cells and options
of a table unless its text names others. In all networks the
learning rate falls to zero along a cosine. RidgeCV chooses its penalty by generalized
cross-validation. `{start}` is a network with `linear_skip=True` before it learns anything.

A published figure is compared with the networks of the same name. Each table says where its figures
come from, and which networks are worse than a published one or than RidgeCV.
"""
wrap = partial(fill, width=100, break_on_hyphens=False, break_long_words=False)
COLUMNS = ("model", "{metric}", "spread", "of the last value")


@dataclass(frozen=True)
class Figure:
    """Mean and standard deviation of a row over its seeds."""

    name: str
    cell: str
    mean: float
    spread: float | None
    # Mean error of the networks of a row, each alone, if it has several.
    alone: float | None = None


def write_page(results: Mapping[str, Any]) -> str:
    """Return the page for the stored results by table."""
    tables = [table for table in TABLES.values() if table.name in results]
    dates = sorted({results[table.name]["date"] for table in tables})
    n_seeds = max(len(row["errors"]) for t in tables for row in results[t.name]["rows"])
    explanation = EXPLANATION.format(n_seeds=n_seeds, start=START)
    minutes = sum(results[table.name]["seconds"] for table in tables) / 60
    lines = [
        "# Accuracy",
        "",
        *(f"{wrap(part)}\n" for part in explanation.split("\n\n")),
        f"- Date: {' to '.join(dict.fromkeys([dates[0], dates[-1]]))}; {minutes:.0f} minutes",
        f"- Machine: {results[tables[0].name]['machine']}",
        f"- {results[tables[0].name]['versions']}",
        "",
        *write_summary(results, tables),
    ]
    for table in tables:
        lines += ["", *write_section(table, results[table.name])]
    return "\n".join(lines) + "\n"


def write_section(table: Table, result: Mapping[str, Any]) -> list[str]:
    figures = read_figures(result)
    last = next((figure.mean for figure in figures if figure.name == LAST), None)
    header = [column.format(metric=table.metric) for column in COLUMNS[: 4 if last else 3]]
    rows = [header]
    for figure in figures:
        spread = "" if figure.spread is None else write_number(table, figure.spread)
        ratio = f"{figure.mean / last:.3f}" if last else ""
        rows.append([figure.name, write_number(table, figure.mean), spread, ratio][: len(header)])
    for published in table.published:
        ratio = f"{published.value / last:.3f}" if last else ""
        name = f"*published:* {published.model}"
        rows.append([name, f"{published.value:g}", "", ratio][: len(header)])
    return [
        f"## {table.title}",
        "",
        wrap(" ".join(table.text.split())),
        "",
        *align(rows),
        "",
        f"Settings: {write_settings(table)}.",
        "",
        *(
            wrap(f"- {sentence}", subsequent_indent="  ")
            for sentence in write_sentences(table, figures)
        ),
    ]


def write_summary(results: Mapping[str, Any], tables: Iterable[Table]) -> list[str]:
    rows = [["table", "best without a network", "best network", "published network", "verdict"]]
    for table in tables:
        figures = read_figures(results[table.name])
        networks = [f for f in figures if f.cell]
        rivals = [f for f in figures if not f.cell and f.name != START]
        compared = [published for published in table.published if published.cells]
        verdicts = [is_ahead(table, published, figures) for published in compared]
        verdict = "ahead" if all(verdicts) else "behind"
        rows.append(
            [
                f"[{table.title}](#{anchor(table.title)})",
                *(describe(table, best(table, part)) for part in (rivals, networks)),
                "; ".join(f"{p.model}: {p.value:g}" for p in compared),
                verdict if compared else "",
            ]
        )
    legend = (
        '"Ahead" says that each network of the same name and architecture is better than the '
        "published one, without the options that have rows of their own."
    )
    return [*align(rows), "", wrap(legend)]


def is_ahead(table: Table, published: Published, figures: Sequence[Figure]) -> bool:
    """Return whether all networks that are compared are better than the published figure."""
    compared = [figure for figure in figures if figure.name in published.rows]
    return bool(compared) and all(
        is_better(table, figure.mean, published.value) for figure in compared
    )


def write_sentences(table: Table, figures: Sequence[Figure]) -> list[str]:
    networks = [figure for figure in figures if figure.cell]
    sentences, is_behind = [], False
    for published in table.published:
        compared = [figure for figure in networks if figure.name in published.rows]
        if compared:
            name = f"{published.model}, {published.value:g}"
            sentences.append(write_comparison(table, compared, name, published.value))
            is_behind |= not is_ahead(table, published, figures)
    for figure in figures:
        if figure.name in ("RidgeCV", "logistic regression on padded steps"):
            name = f"{figure.name}, {write_number(table, figure.mean)}"
            sentences.append(write_comparison(table, networks, name, figure.mean))
    sentences += write_starts(table, figures) + write_averages(table, figures)
    if is_behind and table.why_behind:
        sentences.append(" ".join(table.why_behind.split()))
    return sentences


def write_comparison(table: Table, networks: Sequence[Figure], name: str, value: float) -> str:
    worse = [f.name for f in networks if not is_better(table, f.mean, value)]
    compared = "; ".join(figure.name for figure in networks)
    if not worse:
        return f"Better than {name}: {'all networks' if len(networks) > 3 else compared}."
    if len(worse) == len(networks):
        return f"Not better than {name}: {'all networks' if len(networks) > 3 else compared}."
    return f"Not better than {name}: {'; '.join(worse)}."


def write_starts(table: Table, figures: Sequence[Figure]) -> list[str]:
    """Compare networks with a linear skip with the ridge solution that they start from."""
    start = next((figure.mean for figure in figures if figure.name == START), None)
    if start is None:
        return []
    changes = [
        f"{figure.cell} {100 * (figure.mean / start - 1):+.1f} %"
        for figure in figures
        if figure.name == label_of(figure.cell, {"linear_skip": True})
    ]
    return [f"`linear_skip=True` beside its ridge start: {', '.join(changes)}."]


def write_averages(table: Table, figures: Sequence[Figure]) -> list[str]:
    """Compare the mean of three networks with its networks alone."""
    pairs = [
        f"{f.cell} {write_number(table, f.mean)} ({write_number(table, f.alone)})"
        for f in figures
        if f.alone is not None
    ]
    if not pairs:
        return []
    return [f"`n_networks=3`, and each of its networks alone in brackets: {', '.join(pairs)}."]


# Parts.


def read_figures(result: Mapping[str, Any]) -> list[Figure]:
    figures = []
    for row in result["rows"]:
        errors = row["errors"]
        spread = float(np.std(errors)) if len(errors) > 1 else None
        members = row["of_single_networks"]
        alone = float(np.mean(members)) if any(members) else None
        figures.append(Figure(row["name"], row["cell"], float(np.mean(errors)), spread, alone))
    return figures


def write_settings(table: Table) -> str:
    """Return the settings of all networks, and those that differ for a cell."""
    parts = [", ".join(f"`{key}={value!r}`" for key, value in table.settings.items())]
    for cell, settings in table.of_cell.items():
        told = ", ".join(f"`{key}={value!r}`" for key, value in settings.items())
        parts.append(f"{cell.__name__}: {told}")
    return "; ".join(parts)


def label_of(cell_name: str, variant: Mapping[str, Any]) -> str:
    return label(type(cell_name, (), {}), variant)


def is_better(table: Table, value: float, other: float) -> bool:
    return value > other if table.higher_is_better else value < other


def best(table: Table, figures: Sequence[Figure]) -> Figure:
    return (max if table.higher_is_better else min)(figures, key=lambda figure: figure.mean)


def describe(table: Table, figure: Figure) -> str:
    return f"{figure.name}: {write_number(table, figure.mean)}"


def write_number(table: Table, value: float) -> str:
    return f"{value:.{table.digits}f}"


def anchor(title: str) -> str:
    """Return the anchor that GitHub and the site give a heading."""
    kept = "".join(c for c in title.lower() if c.isalnum() or c in " -")
    return kept.replace(" ", "-")


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table whose columns are aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return [lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]]
