"""How long does a rollback take, from the call to its commit, in a large registry and a model with a long past?"""

import sys
import time

from tests.benchmarks.board import at_most, tell
from tests.benchmarks.governance.registry import build, line_of_promotions, rolled_back_once

ROLLBACKS = 100


def main(versions: int) -> None:
    build(versions, with_runs=0)
    model, operator = line_of_promotions(ROLLBACKS + 1)
    taken = []
    for n in range(ROLLBACKS, 0, -1):
        began = time.perf_counter()
        number = rolled_back_once(model, operator)
        taken.append(time.perf_counter() - began)
        if number != n:
            raise RuntimeError(f"the rollback went to version {number}, not to {n}")
    p95 = sorted(taken)[int(ROLLBACKS * 0.95)]
    tell(at_most("G4", f"rollback, {versions:,} versions, p95 of {ROLLBACKS}", p95, 1, "s"))


if __name__ == "__main__":
    main(int(sys.argv[1]))
