"""On SQLite the threads of a process take turns at the write lock: most wait little, and none waits long."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction

from audits.sqlite.turns import Turns
from audits.trail import Actor, Entry, now, record

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no single write lock")


def order_of(turns: Turns, waiting: int, *, rest: float = 0.0) -> list[int]:
    """Return in which order threads were served that came one after the other while the turn was taken."""
    served: list[int] = []

    def wait(number: int) -> None:
        assert turns.take(seconds=10)
        served.append(number)
        turns.give_back()

    assert turns.take(seconds=0)
    threads = [threading.Thread(target=wait, args=(number,)) for number in range(waiting)]
    for count, thread in enumerate(threads, 1):
        thread.start()
        while len(turns._waiting) < count:
            time.sleep(0.001)
    time.sleep(rest)
    turns.give_back()
    for thread in threads:
        thread.join()
    return served


def test_the_last_to_come_is_served_first_while_nobody_has_waited_long() -> None:
    assert order_of(Turns(patience=60), 4) == [3, 2, 1, 0]


def test_whoever_has_waited_long_is_served_before_everybody_in_the_order_of_coming() -> None:
    assert order_of(Turns(patience=0.01), 4, rest=0.02) == [0, 1, 2, 3]


def test_whoever_gives_up_waiting_is_passed_over() -> None:
    turns = Turns(patience=60)
    assert turns.take(seconds=0)
    assert not turns.take(seconds=0.01)
    turns.give_back()
    assert turns.take(seconds=0)


def in_threads(number: int, act: Callable[[], None]) -> list[BaseException]:
    """Do an act in several threads, each with a connection that does not wait by itself; return what was raised."""
    raised: list[BaseException] = []

    def work() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA busy_timeout = 0")
            act()
        except BaseException as problem:
            raised.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def note() -> None:
    with record(actor=Actor.process("command:test"), at=now()) as recording:
        recording.note(action="model.registered", subject="model/a")
        time.sleep(0.005)


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_no_thread_finds_the_write_lock_taken_by_another() -> None:
    assert in_threads(6, note) == []
    assert Entry.objects.count() == 6


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_or_loses_its_connection_gives_its_turn_back() -> None:
    def fail() -> None:
        with transaction.atomic():
            raise RuntimeError

    def lose() -> None:
        with transaction.atomic():
            connection.close()
            raise RuntimeError

    for act in (fail, lose):
        assert [type(problem) for problem in in_threads(2, act)] == [RuntimeError] * 2
    assert in_threads(1, note) == []


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_cannot_begin_gives_its_turn_back() -> None:
    with connection.cursor() as cursor:
        # Not through atomic(): as another process would hold it.
        cursor.execute("BEGIN IMMEDIATE")
        try:
            refused = in_threads(2, note)
        finally:
            cursor.execute("ROLLBACK")
    assert [type(problem) for problem in refused] == [OperationalError] * 2
    assert in_threads(2, note) == []
