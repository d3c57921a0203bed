"""How long does an explanation take in a large registry, the reading of the version included?"""

import sys
import time

from tests.benchmarks.board import at_most, tell
from tests.benchmarks.governance.registry import build, explained_once

ASKED = 300


def main(versions: int) -> None:
    build(versions, with_runs=ASKED)
    taken = []
    for n in range(ASKED):
        began = time.perf_counter()
        blocks = explained_once(n)
        taken.append(time.perf_counter() - began)
        if not blocks:
            raise RuntimeError("nothing was in the way of a version without approvals")
    p95 = sorted(taken)[int(ASKED * 0.95)]
    tell(at_most("G2", f"explanation, {versions:,} versions, p95", p95 * 1000, 100, "ms"))


if __name__ == "__main__":
    main(int(sys.argv[1]))
