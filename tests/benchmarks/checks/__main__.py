"""`make bench-checks`: everything promised about the speed and size of checks, measured now, in one table.

Options: `--part NAME` (again and again) measures some parts only, `--rows N` takes another number of rows for the
large table, `--large N` for the largest (0 leaves it out), `--rounds N` for what takes seconds, `--quick` leaves out
what takes minutes, `--ours` all peers. The goals hang on a million and ten million rows; with other numbers the
figures are told.
"""

import argparse
import sys
import time
from pathlib import Path

from tests.benchmarks.board import finish
from tests.benchmarks.checks.parts import PARTS, Setting

PLACE = Path(".countersign/benchmarks")


def main() -> int:
    asked = argparse.ArgumentParser(prog="tests.benchmarks.checks")
    asked.add_argument("--part", action="append", choices=[*PARTS], default=[])
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--large", type=int, default=10_000_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--quick", action="store_true")
    asked.add_argument("--ours", action="store_true")
    options = asked.parse_args()
    PLACE.joinpath("tables").mkdir(parents=True, exist_ok=True)
    setting = Setting(PLACE, options.rows, options.large, options.rounds, options.ours, options.quick)
    began = time.monotonic()
    rows = [row for name in options.part or PARTS for row in PARTS[name](setting)]
    sys.stderr.write(f"  took {time.monotonic() - began:.0f} s\n\n")
    return finish(rows)


if __name__ == "__main__":
    sys.exit(main())
