"""Shared fixtures: an example, a fitted pipeline, and its fit in another process."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import GRURegressor, SlidingWindowTransformer

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"

# For long runs (trust/fuzz.py): new examples in each run. A failure prints the line that repeats
# it. The phase "explain" is left out, because it takes minutes.
settings.register_profile(
    "trust",
    max_examples=400,
    derandomize=False,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
    print_blob=True,
)
# The same examples in each run, so that `make test` does not fail at random. How long an example
# takes depends on what else the machine does, so there is no deadline.
settings.register_profile(
    "test", max_examples=100, derandomize=True, deadline=None, print_blob=True
)
settings.load_profile("test")


@pytest.fixture(scope="module")
def example(request):
    """Names that the EXAMPLE of a test module defines before its heading UP_TO. Do not change them.

    The code after that heading takes minutes.
    """
    path = EXAMPLES / request.module.EXAMPLE
    source = path.read_text(encoding="utf-8")
    preparation, heading, _ = source.partition(f"# %%\n# {request.module.UP_TO}\n")
    assert heading
    names = {"__name__": "example"}
    exec(compile(preparation, path, "exec"), names)
    return names


@pytest.fixture(scope="session")
def series():
    """Sixty rows of one column, of the size of a price. Do not change it."""
    rng = np.random.default_rng(0)
    return 10 + np.cumsum(rng.normal(size=(60, 1)), axis=0)


@pytest.fixture(scope="session")
def fitted_pipeline(series):
    """A pipeline with dropout and shuffled rows. Fitted once: do not fit it again."""
    model = GRURegressor(units=3, dropout=0.3, epochs=2, batch_size=16, random_state=0)
    pipe = Pipeline(
        [("scale", MinMaxScaler()), ("window", SlidingWindowTransformer(5)), ("model", model)]
    )
    return pipe.fit(series, series[:, 0])


@pytest.fixture(scope="session")
def run_python(tmp_path_factory):
    """Run code in a new interpreter. It takes three seconds if it imports TensorFlow."""

    def run(code, *arguments):
        command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
        # A child would inherit the variables that TensorFlow sets at import.
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TF_", "TF2_", "TPU_", "KMP_"))
        }
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=tmp_path_factory.mktemp("cwd"),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def on_no_screen():
    """Draw in memory. Close all figures and check that settings are unchanged."""
    backend = mpl.get_backend()
    plt.switch_backend("agg")
    settings, figures = dict(mpl.rcParams), plt.get_fignums()
    yield
    for number in set(plt.get_fignums()) - set(figures):
        # Artists that fail while drawing must fail here.
        plt.figure(number).canvas.draw()
        plt.close(number)
    assert dict(mpl.rcParams) == settings
    plt.switch_backend(backend)


_SECOND_PROCESS = """
import json, os, pathlib, pickle, sys, tempfile
import numpy as np
from skrnn import RNNRegressor
from skrnn.estimators._tensorflow_import import import_fitting

pipe, series = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())
at_start = dict(os.environ)
sys.stdout.flush(), sys.stderr.flush()
kept = os.dup(1), os.dup(2)
with tempfile.TemporaryFile() as printed:
    os.dup2(printed.fileno(), 1), os.dup2(printed.fileno(), 2)
    # The import of TensorFlow in the first fit may print.
    import_fitting()
    after_import = dict(os.environ)
    predictions = pipe.fit(series, series[:, 0]).predict(series)
    sys.stdout.flush(), sys.stderr.flush()
    of_pipeline = printed.tell()
    # TensorFlow warns from the fifth function on that is traced again.
    for units in range(1, 6):
        small = RNNRegressor(units).partial_fit(series[:4], series[:4, 0])
        small.predict(series[:4])
    sys.stdout.flush(), sys.stderr.flush()
    os.dup2(kept[0], 1), os.dup2(kept[1], 2)
    printed.seek(0)
    text = printed.read().decode()

report = {
    "predictions": predictions.tolist(),
    "printed_by_pipeline": text[:of_pipeline],
    "printed_by_small_networks": text[of_pipeline:],
    "environment_at_start": at_start,
    "environment_after_import": after_import,
    "environment_at_end": dict(os.environ),
}
pathlib.Path(sys.argv[2]).write_text(json.dumps(report))
"""


@pytest.fixture(scope="session")
def second_process(fitted_pipeline, series, run_python, tmp_path_factory):
    """Report of a new process, which fits the pipeline again, and then five tiny networks."""
    folder = tmp_path_factory.mktemp("second_process")
    (folder / "in.pkl").write_bytes(pickle.dumps((clone(fitted_pipeline), series)))
    run_python(_SECOND_PROCESS, folder / "in.pkl", folder / "out.json")
    # JSON keeps every digit of a float.
    return SimpleNamespace(**json.loads((folder / "out.json").read_text(encoding="utf-8")))
