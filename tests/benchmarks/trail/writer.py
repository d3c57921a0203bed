"""One of several writers: does what its standard input says, a line `act times`, and answers when it is done."""

import sys
import time
from statistics import median

from django.db import connection

from tests.benchmarks.trail import writers

ACTS = {
    "row": writers.alone(writers.PLAIN, writers.WORK_SECONDS),
    "row with entry": writers.with_entry(writers.WORK_SECONDS),
    "event": writers.event_alone(writers.WORK_SECONDS),
    "entry": writers.entry_alone(writers.WORK_SECONDS),
}

if __name__ == "__main__":
    connection.ensure_connection()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        name, _, times = line.strip().rpartition(" ")
        waits = []
        for number in range(int(times)):
            began = time.perf_counter()
            ACTS[name](number)
            waits.append(time.perf_counter() - began)
        sys.stdout.write(f"{median(waits)}\n")
        sys.stdout.flush()
