"""S1: what an entry costs in CPU, client and database server together, with one writer on PostgreSQL."""

from statistics import median

from tests.benchmarks.board import Row, at_most, paired, shown, tell
from tests.benchmarks.trail import writers
from tests.benchmarks.trail.costs import interleaved

ROUNDS, TIMES = 25, 100


def measure() -> list[Row]:
    peers = writers.peers()
    acts = {
        "row": writers.alone(writers.PLAIN),
        "row with entry": writers.with_entry(),
        "event": writers.event_alone(),
        "entry": writers.entry_alone(),
        **peers,
    }
    costs = interleaved(acts, rounds=ROUNDS, times=TIMES)
    cpu = {name: [cost.cpu for cost in measured] for name, measured in costs.items()}

    def micro(name: str) -> str:
        return shown(median(cpu[name]) * 1e6, "µs")

    def times(name: str, other: str) -> float:
        return paired(cpu[name], cpu[other])

    what = f"CPU of an entry over the same event inserted by the ORM, {micro('entry')} to {micro('event')}"
    rows = [at_most("S1", what, times("entry", "event"), 1.15, "×", peer="plain insert", ratio="1.00 ×")]
    ours = times("row with entry", "row")
    what = f"CPU of a governed row with its entry over the row alone, {micro('row with entry')} to {micro('row')}"
    for peer in peers:
        rows.append(
            Row(
                "S1",
                what,
                shown(ours, "×"),
                f"{peer} {shown(times(peer, 'row'), '×')}",
                shown(times("row with entry", peer), "×"),
                # It writes a second copy of the row inside the same statement, and knows neither who nor why.
                "told only" if peer == "pghistory" else "no dearer",
                None if peer == "pghistory" else times("row with entry", peer) <= 1.0,
            )
        )
    return rows


if __name__ == "__main__":
    writers.prepare()
    tell(*measure())
