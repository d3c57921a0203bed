"""How is it made sure that what we sign cannot be lost in a power cut?"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

FULL = 2


@contextmanager
def on_disk_first() -> Iterator[None]:
    """Let the transactions inside, and all before them, reach the disk before they count as committed.

    On SQLite a commit is otherwise only safe from crashes of processes. A signed checkpoint that others keep, over
    entries that a power cut takes away, would look like an old copy for ever. PostgreSQL waits for the disk anyway.
    """
    # Inside a transaction it is too late to ask for it.
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        # What was committed before goes to the disk and into the file while others go on writing: the commit that
        # waits for the disk then holds the lock for its own pages alone, and no act has to empty the log itself.
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
        (before,) = cursor.execute("PRAGMA synchronous").fetchone()
        cursor.execute(f"PRAGMA synchronous = {FULL}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA synchronous = {int(before)}")
