"""S10: how long the report on a version with a long history takes, and how much memory."""

import sys
import time

from governance.reports import render
from tests.benchmarks.board import Row, at_most, shown, tell
from tests.benchmarks.trail.memory import peak_bytes
from tests.governance.reports.sample import history, version_file

GOALS = {"html": 2, "csv": 1, "json": 1, "pdf": 15}
LINES, PEAK_MIB = 10_000, 512


def measure(format: str) -> list[Row]:
    file = version_file(history=history(LINES))
    began, cpu = time.perf_counter(), time.process_time()
    content = render(file, format)[0]
    seconds, cpu, peak = time.perf_counter() - began, time.process_time() - cpu, peak_bytes() / 2**20
    same = render(file, format)[0] == content
    what = f"report with {LINES:,} lines of history, {format}, {len(content) / 1e6:,.1f} MB, {shown(cpu, 's')} of CPU"
    return [
        at_most("S10", what, seconds, GOALS[format], "s"),
        at_most("S10", f"- its peak memory, {format}", peak, PEAK_MIB, "MiB"),
        Row("S10", f"- made twice, {format}", "same bytes" if same else "other bytes", goal="same bytes", met=same),
    ]


if __name__ == "__main__":
    tell(*measure(sys.argv[1]))
