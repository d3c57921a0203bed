"""S7: how long an outsider's verifier takes over that bundle, with orjson and with the standard library alone."""

import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.board import Row, at_most, shown, tell

VERIFIER = Path(__file__).parents[3] / "audits" / "offline" / "verify.py"
# 0: whole; 3: whole, and no witness has seen the newest checkpoint, which is so here.
GOOD = {0, 3}
SECONDS = {"orjson": 10, "the standard library alone": 20}
PEAK_MIB = 128
# The file runs as it does for an outsider; only the memory and the CPU it took are told at its end.
RUN = """
import atexit, runpy, sys, time
def tell():
    status = open("/proc/self/status").read().split("VmHWM:")[1]
    sys.stderr.write(f"{status.split()[0]} {time.process_time()}")
atexit.register(tell)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def measure(place: Path, way: str) -> list[Row]:
    isolation = ["-I"] if way == "orjson" else ["-I", "-S"]
    arguments = [str(VERIFIER), str(place / "bundle.zip"), "--key", str(place / "key")]
    began = time.perf_counter()
    done = subprocess.run([sys.executable, *isolation, "-c", RUN, *arguments], capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode not in GOOD:
        raise SystemExit(f"The verifier ended with {done.returncode}: {done.stdout} {done.stderr}")
    kib, cpu = done.stderr.split()[-2:]
    what = f"that bundle verified offline with {way}, {shown(float(cpu), 's')} of CPU"
    return [
        at_most("S7", what, seconds, SECONDS[way], "s"),
        at_most("S7", f"- its peak memory with {way}", int(kib) / 1024, PEAK_MIB, "MiB"),
    ]


if __name__ == "__main__":
    for way in SECONDS:
        tell(*measure(Path(sys.argv[1]), way))
