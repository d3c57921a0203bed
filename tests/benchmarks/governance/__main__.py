"""`make bench-governance`: what is promised about the speed of decisions, measured now, in one table."""

import sys

from tests.benchmarks.board import Row, finish, measured
from tests.benchmarks.trail.clusters import NoServer, cluster

HERE = "tests.benchmarks.governance"
SETTINGS = {"DJANGO_SETTINGS_MODULE": f"{HERE}.settings"}


def main() -> int:
    rows: list[Row] = measured(f"{HERE}.decided", environment={}, seconds=60)
    for module, versions in (("explained", "100000"), ("simulated", "10000"), ("rolled_back", "10000")):
        with cluster(in_memory=True) as url:
            rows += measured(f"{HERE}.{module}", versions, environment={**SETTINGS, "DATABASE_URL": url}, seconds=300)
    return finish(rows)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoServer as problem:
        sys.exit(str(problem))
