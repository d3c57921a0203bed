"""How do several reads show one moment, while others go on writing?"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# Not through atomic(): on SQLite that takes the write lock, and whoever records would wait for whoever reads.
_BEGIN = {
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "sqlite": "BEGIN DEFERRED",
}


@contextmanager
def one_moment() -> Iterator[None]:
    """Let every read inside the block see what was committed at the first one. Nobody waits for it.

    Inside a transaction that has begun already, what that one sees is seen.
    """
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN[connection.vendor])
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
