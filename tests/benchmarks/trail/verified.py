"""S7: how long an outsider's verifier takes over that bundle, with orjson and with the standard library alone."""

import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.board import Row, at_most, shown, tell
from tests.benchmarks.trail.memory import bytes_of_group

VERIFIER = Path(__file__).parents[3] / "audits" / "offline" / "verify.py"
# 0: whole; 3: whole, and no witness has seen the newest checkpoint, which is so here.
GOOD = {0, 3}
SECONDS = {"orjson": 10, "the standard library alone": 20}
PEAK_MIB = 128
BETWEEN_LOOKS = 0.05
# The file runs as it does for an outsider; only the CPU it and its processes took is told at its end.
RUN = """
import atexit, os, runpy, sys
atexit.register(lambda: sys.stderr.write(str(sum(os.times()[:4]))))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def measure(place: Path, way: str) -> list[Row]:
    isolation = ["-I"] if way == "orjson" else ["-I", "-S"]
    arguments = [str(VERIFIER), str(place / "bundle.zip"), "--key", str(place / "key")]
    began, peak = time.perf_counter(), 0
    with subprocess.Popen(
        [sys.executable, *isolation, "-c", RUN, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        while running.poll() is None:
            peak = max(peak, bytes_of_group(running.pid))
            time.sleep(BETWEEN_LOOKS)
        seconds = time.perf_counter() - began
        told, cpu = running.communicate()
    if running.returncode not in GOOD:
        raise SystemExit(f"The verifier ended with {running.returncode}: {told} {cpu}")
    what = f"that bundle verified offline with {way}, {shown(float(cpu), 's')} of CPU"
    memory = f"- peak memory of its processes together with {way}"
    return [
        at_most("S7", what, seconds, SECONDS[way], "s"),
        at_most("S7", memory, peak / 2**20, PEAK_MIB, "MiB"),
    ]


if __name__ == "__main__":
    for way in SECONDS:
        tell(*measure(Path(sys.argv[1]), way))
