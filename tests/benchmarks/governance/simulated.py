"""How long does it take to try a draft on every version of a registry?"""

import sys
import time

from tests.benchmarks.board import at_most, tell
from tests.benchmarks.governance.registry import build, simulated_once


def main(versions: int) -> None:
    build(versions, with_runs=versions)
    began = time.perf_counter()
    judged, changed = simulated_once()
    taken = time.perf_counter() - began
    if judged != versions or not changed:
        raise RuntimeError(f"{judged} versions were judged and {changed} would change, of {versions}")
    tell(at_most("G3", f"simulation, {versions:,} versions, {changed:,} of which change", taken, 60, "s"))


if __name__ == "__main__":
    main(int(sys.argv[1]))
