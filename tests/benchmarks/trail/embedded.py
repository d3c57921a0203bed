"""S3: how fast the embedded database takes entries, from one process (WAL, synchronous NORMAL)."""

from statistics import median

from tests.benchmarks.board import Row, at_least, paired, shown, tell
from tests.benchmarks.trail import writers
from tests.benchmarks.trail.costs import interleaved

ROUNDS, TIMES, BATCH = 15, 100, 50


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
    costs |= interleaved({"batch": writers.entry_alone(batch=BATCH)}, rounds=ROUNDS, times=10)
    rates = {name: [1 / cost.wall for cost in measured] for name, measured in costs.items()}
    single, batched = median(rates["entry"]), median(rates["batch"]) * BATCH

    def cpu(name: str, entries: int = 1) -> str:
        return f"{shown(median(cost.cpu for cost in costs[name]) / entries * 1e6, 'µs')} of CPU each"

    over = paired(rates["entry"], rates["event"])
    rows = [
        at_least(
            "S3",
            f"SQLite: entries in transactions of their own, {cpu('entry')}",
            single,
            2500,
            "/s",
            peer=f"plain insert {shown(median(rates['event']), '/s')}",
            ratio=shown(over, "×"),
        ),
        at_least("S3", f"SQLite: entries, {BATCH} in a transaction, {cpu('batch', BATCH)}", batched, 12000, "/s"),
    ]
    for peer in ("row", *peers):
        rows.append(
            Row(
                "S3",
                "SQLite: governed rows with their entries",
                shown(median(rates["row with entry"]), "/s"),
                f"{'plain row' if peer == 'row' else peer} {shown(median(rates[peer]), '/s')}",
                shown(paired(rates["row with entry"], rates[peer]), "×"),
                "told only",
            )
        )
    return rows


if __name__ == "__main__":
    writers.prepare()
    tell(*measure())
