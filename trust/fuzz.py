"""Fuzz test: give the package random input for some minutes, and count the outcomes.

Run it with ``python trust/fuzz.py [minutes]``. The properties are those of tests/test_fuzz.py, with
many more examples. Each round has its own process and seed. The exit code is 1 if a property has
failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
# A round takes some minutes. A round that takes longer than this is stopped, and has failed.
ROUND_LIMIT = 1800
HEADER = ("property", "tried", "refused", "accepted", "failures")


def main() -> int:
    """Run rounds until the time is over, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", type=float, nargs="?", default=10.0, help="minimum time")
    parser.add_argument(
        "--seed", type=int, default=None, help="seed of the first round, by default the time"
    )
    parser.add_argument("--round", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.round:
        return run_round(arguments.seed, arguments.round)

    first_seed = int(time.time()) if arguments.seed is None else arguments.seed
    end = time.monotonic() + 60 * arguments.minutes
    counts: Counter[tuple[str, str]] = Counter()
    falsified: list[str] = []
    n_rounds = 0
    while n_rounds == 0 or time.monotonic() < end:
        found, failures = start_round(first_seed + n_rounds)
        counts.update(found)
        falsified += failures
        n_rounds += 1
        tried = sum(counts.values())
        print(f"round {n_rounds}: {tried} inputs tried, {len(falsified)} failures", flush=True)
    print("\n".join(table_lines(counts)))
    print(f"{n_rounds} rounds with the seeds {first_seed} to {first_seed + n_rounds - 1}")
    print("\n".join(falsified))
    return 1 if falsified else 0


def start_round(seed: int) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Run a round in its own process, which may crash or hang, and return counts and failures."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "round.json"
        command = [sys.executable, __file__, "--seed", str(seed), "--round", str(output)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=ROUND_LIMIT
            )
        except subprocess.TimeoutExpired as error:
            # The output of faulthandler shows where the round hangs.
            output_so_far = (error.stderr or b"").decode(errors="replace")
            return Counter(), [f"seed {seed}: not done in {ROUND_LIMIT} seconds\n{output_so_far}"]
        if not output.exists():
            return Counter(), [f"seed {seed}: ended by {done.returncode}\n{done.stderr[-5000:]}"]
        result = json.loads(output.read_text(encoding="utf-8"))
    counts = Counter({(name, outcome): n for name, outcome, n in result["counts"]})
    counts.update({(name, "failures"): 1 for name, _ in result["failures"]})
    failures = [f"seed {seed}: {name}\n{text}" for name, text in result["failures"]]
    if done.returncode and not failures:
        failures = [f"seed {seed}: pytest ended by {done.returncode}\n{done.stdout[-5000:]}"]
    return counts, failures


class Reporter:
    """Plugin of pytest that records failures."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report) -> None:
        """Record the report of a failure."""
        if report.failed:
            self.failures.append((report.nodeid.split("::")[-1], report.longreprtext))


def run_round(seed: int, output: Path) -> int:
    """Test each property once, with many examples, and write the counts to a file."""
    import pytest

    reporter = Reporter()
    code = pytest.main(
        [
            str(ROOT / "tests" / "test_fuzz.py"),
            *("--hypothesis-profile", "trust", "--hypothesis-seed", str(seed)),
            *("-p", "no:cacheprovider", "-o", "faulthandler_timeout=600", "--tb", "short"),
        ],
        plugins=[reporter],
    )
    # pytest has imported this module from the folder of the tests.
    tally = sys.modules["fuzzing"].TALLY
    counts = [(name, outcome, n) for (name, outcome), n in tally.items()]
    result = {"counts": counts, "failures": reporter.failures}
    output.write_text(json.dumps(result), encoding="utf-8")
    return int(code)


def table_lines(counts: Counter[tuple[str, str]]) -> list[str]:
    """Return the lines of a table with a row for each property, and one for the sum."""
    names = sorted({name for name, _ in counts})
    rows = [
        (name, *(counts[name, outcome] for outcome in ("refused", "accepted", "failures")))
        for name in names
    ]
    rows.append(("all", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True))))
    width = max(map(len, [*names, *HEADER]))
    cells = [HEADER, *((name, no + yes, no, yes, bad) for name, no, yes, bad in rows)]
    return [
        f"{name:<{width}}" + "".join(f"{value:>10}" for value in values) for name, *values in cells
    ]


if __name__ == "__main__":
    sys.exit(main())
