"""Code of docs/scaling.md that needs dask or Parquet. Its other code is in tests/project/."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skrnn import GRURegressor
from skrnn.exceptions import RowsMissingWarning

PAGE = (Path(__file__).parents[1] / "docs" / "scaling.md").read_text(encoding="utf-8")
ON_DASK, _, CHUNKED, PARQUET = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)

# Code that is added to that of the page: checks with workers, and the same search without them.
CHECKS = """
        import os, sys

        def read_variables():
            return os.environ.get("OMP_NUM_THREADS")

        def has_fitted():
            return "skrnn._keras.fitting" in sys.modules

        fitted, variables = client.run(has_fitted), client.run(read_variables)

    import json, pathlib
    from sklearn.base import clone

    def tell(search):
        return {
            "best": search.best_params_,
            "scores": [search.cv_results_[f"split{fold}_test_score"].tolist() for fold in (0, 1)],
            "predicted": search.predict(prices).tolist(),
        }

    told = {
        "fitted": list(fitted.values()),
        "variables": list(variables.values()),
        "with": tell(search),
        "without": tell(clone(search).fit(prices, prices["Open"])),
    }
    pathlib.Path("told.json").write_text(json.dumps(told))
"""


def run_alone(command, folder, environment, seconds):
    """Run a command in its own process group, and return its output when the whole group has ended.

    Nothing of the group is left, whatever happens.
    """
    with (folder / "printed").open("w+") as printed:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
            # Helpers of multiprocessing end shortly after the process that started them.
            deadline = time.monotonic() + 20
            while is_left := is_alive(process.pid):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.1)
        finally:
            if is_alive(process.pid):
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        printed.seek(0)
        text = printed.read()
    assert code == 0, text
    assert not is_left, text
    return text


def is_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("n_threads", ["1", None], ids=["one thread", "a thread for each core"])
def test_a_search_on_two_workers_of_dask_is_the_search_without_them_bit_for_bit(
    n_threads, tmp_path
):
    (tmp_path / "search.py").write_text(ON_DASK.rstrip() + "\n" + CHECKS)
    # TensorFlow sets environment variables at import, which the child would inherit.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TF_", "TF2_", "TPU_", "KMP_"))
    }
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    if n_threads is not None:
        environment["OPENBLAS_NUM_THREADS"] = n_threads
    command = [sys.executable, "-W", "error", "search.py"]
    printed = run_alone(command, tmp_path, environment, seconds=400)

    told = json.loads((tmp_path / "told.json").read_text())
    assert "2 workers chose {'lstmregressor__units': " in printed
    # The fits ran on the workers.
    assert told["fitted"] == [True, True]
    # Workers of dask have one thread, and this process has one for each core.
    assert told["variables"] == ["1", "1"]
    assert told["with"] == told["without"]
    assert len(np.unique(told["with"]["scores"])) == 4


def test_row_groups_of_a_parquet_file_are_chunks_and_rows_after_a_gap_start_fresh(
    tmp_path, monkeypatch
):
    # The second group continues the first; the third begins a year later.
    days = pd.date_range("2024-01-01", periods=300, freq="D")
    days = days[:200].append(days[200:] + pd.Timedelta("365D"))
    numbers = np.random.default_rng(0).normal(size=(300, 3)).cumsum(axis=0)
    frame = pd.DataFrame(numbers, days, ["Open", "Close", "Volume"])
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.Table.from_pandas(frame), "rows.parquet", row_group_size=100)

    # The second block of the page, with other chunks and another scaler.
    definitions, scaler, loops = CHUNKED.partition("scale = StandardScaler()\n")
    assert scaler
    names = {"np": np}
    code = "from skrnn import SlidingWindowTransformer\n" + definitions + PARQUET + loops
    with pytest.warns(RowsMissingWarning, match="50 of 100 rows lack steps.*2025-07-19"):
        exec(code, names)

    rows = names["scale"].transform(frame[["Open", "Volume"]]).to_numpy()
    windows = []
    for first in (0, 100, 200):
        # In the first 50 days of a series, windows are padded with means of the chunk that was
        # fitted last; for the first chunk, with its own means.
        fitted = rows[:100] if first == 0 else rows[first - 100 : first]
        before = fitted[-50:] if first == 100 else np.tile(fitted.mean(axis=0), (50, 1))
        buffer = np.concatenate([before, rows[first : first + 100]])
        windows.append(np.array([buffer[row : row + 50] for row in range(100)]))
    by_hand = clone(names["chunked"])
    assert isinstance(by_hand, GRURegressor)
    for chunk in (0, 1, 2) * 2:
        by_hand.partial_fit(windows[chunk], rows[100 * chunk : 100 * (chunk + 1), 0])
    for kept, expected in zip(names["chunked"].weights_, by_hand.weights_, strict=True):
        assert_array_equal(kept, expected)
