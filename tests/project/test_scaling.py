"""Page docs/scaling.md: its code without dask and Parquet; tests_interop/ has the rest."""

import re

import numpy as np
import pytest
from conftest import ROOT
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

PAGE = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
_, MAPPED, CHUNKED, _ = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
# Megabytes of this code. Those of a fit are the work arrays of one batch, and the targets.
EXPECTED = {
    "rows": 8.0,
    "their windows": 399.8,
    "transform": 10.1,
    "fit, pipeline": 23.5,
    "fit, views": 15.4,
    "fit, half": 14.2,
    "predict, views": 2.5,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder in which the code of the page writes its rows."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("rows")
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def mapped(folder):
    """Variables and output of the code about memory. Do not change them."""
    lines = []
    names = {"print": lines.append}
    exec(MAPPED, names)
    return {**names, "lines": lines}


@pytest.fixture(scope="module")
def chunked(mapped):
    """Variables of the code about chunks, run after that about memory. Do not change them."""
    names = dict(mapped)
    exec(CHUNKED, names)
    return names


def megabytes(lines):
    return {
        name: float(number) for name, number in re.findall(r"^(.*?) +([\d.]+) MB$", lines, re.M)
    }


def test_memory_is_that_of_the_rows_and_one_batch(mapped):
    # Half a megabyte: what TensorFlow writes in Python is not the same in every release.
    assert megabytes("\n".join(mapped["lines"])) == pytest.approx(EXPECTED, abs=0.5)


def test_memory_does_not_grow_with_the_length_of_windows(mapped):
    found = megabytes("\n".join(mapped["lines"]))
    assert found["transform"] < 1.5 * found["rows"]
    assert found["fit, pipeline"] < found["fit, views"] + 1.5 * found["rows"]
    # Four bytes for each number of a window would be 4,000 for each row.
    bytes_per_row = 1e6 * (found["fit, views"] - found["fit, half"]) / (len(mapped["target"]) / 2)
    assert bytes_per_row == pytest.approx(30, abs=8)


def test_views_and_transformer_give_the_same_windows(mapped):
    windows = mapped["window"].fit_transform(mapped["rows"])
    for row in (0, 1, 70_000, 99_949):
        assert_array_equal(mapped["views"][row], windows[row + 50])
        assert_array_equal(windows[row + 50], mapped["rows"][row : row + 50])
        assert mapped["target"][row] == mapped["rows"][row + 50, 0]
    assert np.shares_memory(mapped["views"], mapped["rows"])


def test_chunks_are_windows_of_the_whole_series_a_part_at_a_time(chunked):
    rows = np.asarray(chunked["rows"])
    # Means of chunks and of all rows differ in the last digits.
    whole = StandardScaler().fit(rows.astype(np.float64))
    assert_allclose(chunked["scale"].mean_, whole.mean_, atol=1e-9)
    assert_allclose(chunked["scale"].scale_, whole.scale_, rtol=1e-9)

    rows = chunked["scale"].transform(rows)
    fill = np.tile(rows[:40_000].mean(axis=0, dtype=np.float64).astype(np.float32), (50, 1))
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([fill, rows]), 50, axis=0)
    windows = windows[:-1].transpose(0, 2, 1)
    by_hand = clone(chunked["chunked"])
    for first in (0, 40_000, 80_000) * 2:
        chunk = slice(first, first + 40_000)
        by_hand.partial_fit(windows[chunk], rows[chunk, 0])
    assert chunked["chunked"].n_iter_ == 6
    assert_array_equal(chunked["chunked"].predict(windows[:500]), by_hand.predict(windows[:500]))
