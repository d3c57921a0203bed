"""Processes of their own that record, sign, and can be killed at any moment."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from random import Random
from typing import Any

from django.db import IntegrityError, connection, connections

from audits.trail import now, publish_checkpoint, record
from governance.models import Account, RoleGrant
from governance.roles import Role
from tests import make

# Forked, so that they work in the test's database; each opens a connection of its own.
processes = get_context("fork")

Say = Callable[[str], None]


class Undone(Exception):
    """An act that is given up after it began."""


def one_act(by: Account, name: str, chance: Random) -> int:
    """Do one of the things that use cases do and return how many entries it left."""
    kind = chance.random()
    if kind < 0.05:
        try:
            with record(actor=by.actor, at=now()) as trail:
                trail.note(action="report.exported", subject=f"test/{name}")
                raise Undone
        except Undone:
            return 0
    if kind < 0.10:
        # Refused by the database with the row, or as late as with the commit, after the entry got its place.
        homeless = RoleGrant(account_id=10**9, role=Role.OPERATOR, granted_by="person:x", granted_at=now())
        try:
            with record(actor=by.actor, at=now()) as trail:
                trail.create(homeless, action="role.granted", subject=f"test/{name}")
        except IntegrityError:
            return 0
    if kind < 0.30:
        make.model(by, name=name)
        return 1
    many = chance.choice((1, 1, 1, 5))
    with record(actor=by.actor, at=now()) as trail:
        for _ in range(many):
            # Subjects that several processes write about at once.
            trail.note(action="report.exported", subject=f"test/{chance.randrange(4)}", data={"name": name})
    return many


def write_on(by: Account, name: str, seed: int, say: Say) -> None:
    """Record without end; say the name of each act that was committed."""
    chance = Random(seed)
    for number in range(10**9):
        act = f"{name}-{number}"
        if one_act(by, act, chance):
            say(act)


def sign_on(say: Say) -> None:
    """Sign without end; say each size that was signed."""
    while True:
        checkpoint = publish_checkpoint()
        if checkpoint is None:
            time.sleep(0.001)
        else:
            say(str(checkpoint.size))


class Victim:
    """A process at work that says what it has done, line by line, until it is killed."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        self._reader, writer = os.pipe()
        connections.close_all()
        self._process = processes.Process(target=_work, args=(work, arguments, writer), daemon=True)
        self._process.start()
        os.close(writer)
        self.said: list[str] = []
        self._rest = b""

    def await_words(self, count: int) -> None:
        """Return when it has said so many more words."""
        wanted = len(self.said) + count
        while len(self.said) < wanted:
            assert self._read(), "it ended by itself"

    def kill(self) -> list[str]:
        """Kill it without warning; return all that it said it had done."""
        assert self._process.pid
        os.kill(self._process.pid, signal.SIGKILL)
        return self.mourn()

    def mourn(self) -> list[str]:
        """Wait for its end; return all that it said it had done."""
        while self._read():
            pass
        self._process.join(30)
        os.close(self._reader)
        return self.said

    def _read(self) -> bool:
        got = os.read(self._reader, 65536)
        # What stands after the last line end was cut off by the kill.
        *lines, self._rest = (self._rest + got).split(b"\n")
        self.said += [line.decode() for line in lines]
        return bool(got)


def _work(work: Callable[..., None], arguments: tuple[Any, ...], writer: int) -> None:
    def say(word: str) -> None:
        os.write(writer, f"{word}\n".encode())

    # A backend that is ended under it ends it, too: the traceback is no news.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    work(*arguments, say)


@contextmanager
def isolation(level: str) -> Iterator[None]:
    """Have this connection's transactions begin under another isolation level (PostgreSQL)."""
    characteristics = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL"
    with connection.cursor() as cursor:
        cursor.execute(f"{characteristics} {level}")
        try:
            yield
        finally:
            cursor.execute(f"{characteristics} READ COMMITTED")
