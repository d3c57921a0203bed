"""`make bench-trail`: everything promised about the trail's speed and size, measured now, in one table."""

import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.benchmarks.board import Row, finish, measured
from tests.benchmarks.trail.clusters import NoServer, cluster

HERE = "tests.benchmarks.trail"
SETTINGS = {"DJANGO_SETTINGS_MODULE": f"{HERE}.settings"}
ENTRIES = "1000000"


def main() -> int:
    began = time.monotonic()
    rows = measured(f"{HERE}.machine", environment={}, seconds=30)
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as scratch:
        embedded = {**SETTINGS, "DATABASE_URL": f"sqlite://{scratch}/bench.sqlite3"}
        rows += measured(f"{HERE}.embedded", environment=embedded, seconds=90)
        for format in ("html", "csv", "json", "pdf"):
            rows += measured(f"{HERE}.reported", format, environment={}, seconds=120)
        with cluster(in_memory=True) as url:
            rows += measured(f"{HERE}.appending", environment={**SETTINGS, "DATABASE_URL": url}, seconds=120)
        with cluster(in_memory=True) as url:
            rows += measured(f"{HERE}.together", "memory", environment={**SETTINGS, "DATABASE_URL": url}, seconds=150)
        with cluster(in_memory=True) as url:
            rows += measured(f"{HERE}.steady", environment={**SETTINGS, "DATABASE_URL": url}, seconds=90)
        with cluster(in_memory=False) as url:
            rows += measured(f"{HERE}.together", "disk", environment={**SETTINGS, "DATABASE_URL": url}, seconds=150)
        with cluster(in_memory=True) as url:
            on = partial(measured, environment={**SETTINGS, "DATABASE_URL": url})
            rows += on(f"{HERE}.million", ENTRIES, seconds=240)
            rows += on(f"{HERE}.exported", scratch, seconds=90)
        if (Path(scratch) / "bundle.zip").exists():
            rows += measured(f"{HERE}.verified", scratch, environment={}, seconds=120)
    sys.stderr.write(f"  took {time.monotonic() - began:.0f} s\n\n")
    return finish(sorted(rows, key=_place))


def _place(row: Row) -> tuple[int, str]:
    return (int(row.id[1:]), "") if row.id[1:].isdigit() else (99, row.id)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoServer as problem:
        sys.exit(str(problem))
