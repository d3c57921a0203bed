"""S5, S8 and S9: the tree over a million entries, how fast it follows, what it proves and what it weighs."""

import random
import sys
import time
from statistics import median

from tests.benchmarks.board import Row, at_least, at_most, shown, tell
from tests.benchmarks.trail import writers
from tests.benchmarks.trail.backlog import fill
from tests.benchmarks.trail.costs import database_cpu

from django.db import connection  # isort: skip - after django.setup() in writers

from audits.trail import Checkpoint, Entry, publish_checkpoint
from audits.trail.merkle import verify_inclusion
from audits.trail.tree import prove_inclusion

PROOFS = 300


def integrated(size: int) -> Row:
    began, cpu = time.perf_counter(), time.process_time() + database_cpu()
    checkpoint = publish_checkpoint()
    seconds, cpu = time.perf_counter() - began, time.process_time() + database_cpu() - cpu
    assert checkpoint is not None
    assert checkpoint.size == size
    what = f"backlog of {size:,} entries integrated and signed in {shown(seconds, 's')}, {shown(cpu, 's')} of CPU"
    return at_least("S5", what, size / seconds, 50_000, "/s")


def proven(size: int) -> list[Row]:
    root = bytes(Checkpoint.objects.get(size=size).root)
    chance = random.Random(8)
    built, checked, cpu, hashes = [], [], [], 0
    for index in (chance.randrange(size) for _ in range(PROOFS)):
        leaf = bytes(Entry.objects.values_list("leaf_hash", flat=True).get(index=index))
        began, used = time.perf_counter(), time.process_time() + database_cpu()
        proof = prove_inclusion(index, size)
        between = time.perf_counter()
        cpu.append(time.process_time() + database_cpu() - used)
        verifying = time.perf_counter()
        verify_inclusion(leaf, index, size, proof, root)
        checked.append(time.perf_counter() - verifying)
        built.append(between - began)
        hashes = max(hashes, len(proof))
    return [
        at_most("S8", f"hashes of an inclusion proof at {size:,} entries, the most of {PROOFS}", hashes, 20, ""),
        at_most(
            "S8",
            f"inclusion proof built from the database, median, {shown(median(cpu) * 1000, 'ms')} of CPU",
            median(built) * 1000,
            5,
            "ms",
        ),
        at_most("S8", "inclusion proof verified, median", median(checked) * 1e6, 50, "µs"),
    ]


def weighed(texts: int) -> Row:
    """Over the texts of the entries: the tables (with their indexes) that hold tiles, state and checkpoints."""
    names = ("audits_trailtile", "audits_treestate", "audits_checkpoint")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {' + '.join(['pg_total_relation_size(%s)'] * len(names))}", names)
        tree = cursor.fetchone()[0]
    what = f"tiles, roots and checkpoints ({tree / 1e6:,.0f} MB) over the texts of the entries ({texts / 1e6:,.0f} MB)"
    return at_most("S9", what, tree / texts * 100, 8, "%")


if __name__ == "__main__":
    writers.prepare()
    size = int(sys.argv[1])
    texts = fill(size)
    tell(integrated(size))
    tell(*proven(size))
    tell(weighed(texts))
