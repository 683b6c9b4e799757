"""FastAPI serves a saved pipeline, in a process without TensorFlow."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from recipes import START, find_block

# Ask the service as a client does, and say what the process needs.
CLIENT = """
import json, pathlib, statistics, sys, time
from fastapi.testclient import TestClient
from service import app

client = TestClient(app)
rows = json.load(open("rows.json", encoding="utf-8"))
answers, seconds = [], []
for _ in range(200):
    start = time.perf_counter()
    answer = client.post("/next", json=rows)
    seconds.append(time.perf_counter() - start)
    answers.append(answer.json())
# getrusage would count the process that started this one, too.
lines = pathlib.Path("/proc/self/status").read_text().splitlines()
(kilobytes,) = (int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
told = {
    "status": answer.status_code,
    "answer": answer.json(),
    "all are equal": all(each == answers[0] for each in answers),
    "status of too few rows": client.post("/next", json=rows[1:]).status_code,
    "imported": sorted({"tensorflow", "keras"} & set(sys.modules)),
    "milliseconds": 1000 * statistics.median(seconds),
    "megabytes": kilobytes / 1024,
}
json.dump(told, open("told.json", "w", encoding="utf-8"))
"""


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """Variables of the first block of the page, run in a folder of its own."""
    names, folder = {"__name__": "page"}, tmp_path_factory.mktemp("service")
    before = os.getcwd()
    os.chdir(folder)
    exec(START, names)
    os.chdir(before)
    return names | {"folder": folder}


@pytest.fixture(scope="module")
def told(names):
    """Answers to the last 20 rows, and figures of the process that gave them."""
    folder, newest = names["folder"], names["prices"]["price"][-20:]
    rows = [{"day": str(day.date()), "price": price} for day, price in newest.items()]
    (folder / "rows.json").write_text(json.dumps(rows))
    (folder / "service.py").write_text(find_block("fastapi"))
    (folder / "client.py").write_text(CLIENT)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    # Warnings are errors.
    command = [sys.executable, "-W", "error", "-X", "utf8", "client.py"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((folder / "told.json").read_text())
    print(f"{told['milliseconds']:.1f} ms a request (median), {told['megabytes']:.0f} MB")
    return told


def test_the_answer_is_the_prediction_of_a_window_made_by_hand(names, told):
    scale, network, values = names["pipe"][0], names["pipe"][-1], names["prices"].to_numpy()
    window = (values[-20:, 0] - scale.mean_) / scale.scale_
    expected = network.predict(pd.DataFrame([window], columns=network.feature_names_in_))
    ((day, answer),) = told["answer"].items()
    assert pd.Timestamp(day) == names["days"][-1] + pd.Timedelta(days=1)
    assert answer == pytest.approx(expected[0], rel=1e-12)
    assert told["status"] == 200
    assert told["all are equal"]


def test_the_process_of_the_service_does_not_import_tensorflow(told):
    assert told["imported"] == []


def test_too_few_rows_are_refused(told):
    assert told["status of too few rows"] == 422
