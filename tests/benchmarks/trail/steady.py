"""S4: how long an entry waits for the checkpoint that covers it, while 200 are recorded a second."""

import subprocess
import sys
import time
from statistics import median

from tests.benchmarks.board import Row, at_most, tell
from tests.benchmarks.trail import writers

from audits.trail import Checkpoint, Entry  # isort: skip - after django.setup() in writers
from governance.supervisor.dispatcher import Dispatcher
from governance.supervisor.supervise import ROUND_SECONDS

RATE, SECONDS = 200, 20


def record_steadily() -> None:
    act, began = writers.with_entry(), time.perf_counter()
    for number in range(RATE * SECONDS):
        time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        act(number)


def measure() -> list[Row]:
    writer = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.trail.steady", "record"])
    # The dispatcher as it runs in production, with all its other duties.
    dispatcher = Dispatcher()
    while writer.poll() is None:
        dispatcher.round()
        time.sleep(ROUND_SECONDS)
    dispatcher.round()
    assert writer.returncode == 0
    return told()


def told() -> list[Row]:
    signed = list(Checkpoint.objects.order_by("size").values_list("size", "signed_at"))
    waits, at = [], 0
    for index, recorded_at in Entry.objects.order_by("index").values_list("index", "recorded_at"):
        while signed[at][0] <= index:
            at += 1
        waits.append((signed[at][1] - recorded_at).total_seconds())
    what = f"an entry's wait for the checkpoint that covers it, {RATE} entries a second"
    waits.sort()
    return [
        at_most("S4", f"{what}, p50", median(waits), 1, "s"),
        at_most("S4", f"{what}, p99", waits[int(len(waits) * 0.99)], 3, "s"),
    ]


if __name__ == "__main__":
    if sys.argv[1:] == ["record"]:
        record_steadily()
    else:
        writers.prepare()
        tell(*measure())
