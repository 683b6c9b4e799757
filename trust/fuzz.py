"""Give the package input of every kind for some minutes, and count what becomes of it.

Run it with ``python trust/fuzz.py [minutes]``. The properties are those of tests/test_fuzz.py, with
many more examples, in rounds: each has a process and a seed of its own. Exit code 1 if one failed.
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
# A round takes some minutes; one that computes without an end is stopped, and has failed.
ROUND_LIMIT = 1800
HEADER = ("property", "tried", "refused", "accepted", "failures")


def main() -> int:
    """Run rounds until the time is over; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", type=float, nargs="?", default=10.0, help="at least so long")
    parser.add_argument("--seed", type=int, default=None, help="of the first round, else the time")
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
    """Run a round in a process of its own, which may crash or hang; return counts and failures."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "round.json"
        command = [sys.executable, __file__, "--seed", str(seed), "--round", str(output)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=ROUND_LIMIT
            )
        except subprocess.TimeoutExpired as error:
            # faulthandler has written where it hangs.
            said = (error.stderr or b"").decode(errors="replace")
            return Counter(), [f"seed {seed}: not done in {ROUND_LIMIT} seconds\n{said}"]
        if not output.exists():
            return Counter(), [f"seed {seed}: ended by {done.returncode}\n{done.stderr[-5000:]}"]
        told = json.loads(output.read_text(encoding="utf-8"))
    counts = Counter({(name, outcome): n for name, outcome, n in told["counts"]})
    counts.update({(name, "failures"): 1 for name, _ in told["failures"]})
    failures = [f"seed {seed}: {name}\n{text}" for name, text in told["failures"]]
    if done.returncode and not failures:
        failures = [f"seed {seed}: pytest ended by {done.returncode}\n{done.stdout[-5000:]}"]
    return counts, failures


class Reporter:
    """A plugin of pytest that keeps what failed."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report) -> None:
        """Keep what pytest would print of a failure."""
        if report.failed:
            self.failures.append((report.nodeid.split("::")[-1], report.longreprtext))


def run_round(seed: int, output: Path) -> int:
    """Run each property once, with many examples, and write down how often it was tried."""
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
    # Imported by pytest, from the folder of the tests.
    tally = sys.modules["fuzzing"].TALLY
    counts = [(name, outcome, n) for (name, outcome), n in tally.items()]
    told = {"counts": counts, "failures": reporter.failures}
    output.write_text(json.dumps(told), encoding="utf-8")
    return int(code)


def table_lines(counts: Counter[tuple[str, str]]) -> list[str]:
    """Return a row for each property, and one for all."""
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
