"""What did it cost: how many seconds of CPU, how many on the wall?"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

SEED = 20261121


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds for one operation: of CPU, in this process and its database server's, and on the wall."""

    cpu: float
    wall: float


def database_cpu() -> float:
    """Return the CPU seconds that the server process behind this thread's connection has used so far."""
    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    # Nanoseconds; the better known /proc/<pid>/stat counts in hundredths of a second.
    schedule = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return int(schedule.read_text().split()[0]) / 1e9


def cost(act: Callable[[int], object], times: int) -> Cost:
    """Return what one call costs, over `times` of them."""
    wall, client, server = time.perf_counter(), time.process_time(), database_cpu()
    for number in range(times):
        act(number)
    cpu = time.process_time() - client + database_cpu() - server
    return Cost(cpu / times, (time.perf_counter() - wall) / times)


def interleaved(acts: Mapping[str, Callable[[int], object]], *, rounds: int, times: int) -> dict[str, list[Cost]]:
    """Return the costs of each act, round by round, in another order every round, after one round for warmth."""
    costs: dict[str, list[Cost]] = {name: [] for name in acts}
    for names in shuffled(list(acts), rounds + 1):
        for name in names:
            costs[name].append(cost(acts[name], times))
    return {name: measured[1:] for name, measured in costs.items()}


def shuffled(names: list[str], rounds: int) -> Iterator[list[str]]:
    chance = random.Random(SEED)
    for _ in range(rounds):
        chance.shuffle(names)
        yield list(names)
