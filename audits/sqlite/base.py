"""How do the threads of a process take turns at SQLite's one write lock?

Whoever finds it taken sleeps, each time longer, and the lock goes to who happens to be awake when it is free: of eight
writers one in a hundred waited for a second. Here a thread waits for its turn, and only then asks SQLite. Other
processes are waited for as SQLite does.
"""

import os

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from audits.sqlite.turns import Turns

# How long a transaction may be passed over by later ones, and how long SQLite waits where nothing is set; in seconds.
PATIENCE, SECONDS = 0.15, 5.0

# By the file. A child process begins with nobody waiting: the threads of its parent are not among its own.
_turns: dict[str, Turns] = {}
os.register_at_fork(after_in_child=_turns.clear)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection to SQLite; a transaction begins when it is its turn.

    What it calls of Django's is not in the stubs that types are checked with.
    """

    _turn: Turns | None = None

    def _start_transaction_under_autocommit(self) -> None:
        turns = _turns.setdefault(str(self.settings_dict["NAME"]), Turns(patience=PATIENCE))
        # As long as SQLite would wait, and with its words, so that nobody has to tell the two apart.
        if not turns.take(seconds=self.settings_dict["OPTIONS"].get("timeout", SECONDS)):
            raise OperationalError("database is locked")
        self._turn = turns
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._give_back()
            raise

    def _commit(self) -> None:
        # One that fails is rolled back, and has its turn until then.
        super()._commit()  # type: ignore[misc]
        self._give_back()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._give_back()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._give_back()

    def _give_back(self) -> None:
        turn, self._turn = self._turn, None
        if turn:
            turn.give_back()
