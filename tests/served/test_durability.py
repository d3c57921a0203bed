"""Whatever is killed in the middle of a check, it is finished after a restart, once, and no process is left behind.

What it says then is what it says undisturbed, to the last byte.

The rows remember the work and the broker is only a bell, so this holds for files and SQLite as it does for Redis
and RabbitMQ with PostgreSQL.
"""

import contextlib
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from kombu import Connection

from tests.databases import database_on
from tests.installation import Installation, Served
from tests.processes import Process, eventually

POSTGRES = "postgresql:///"
REDIS = "redis://127.0.0.1:6379/0"
RABBITMQ = "amqp://guest:guest@127.0.0.1:5672//"
# Rows of a table whose check takes long enough to be caught at it.
LONG = 300_000
# A worker that falls silent is missed soon, so that a test need not wait long.
IMPATIENT = {
    "COUNTERSIGN_JOB_LEASE_SECONDS": "2",
    "COUNTERSIGN_JOB_REPUBLISH_SECONDS": "1",
    "COUNTERSIGN_JOB_MAX_ATTEMPTS": "20",
}

on_a_broker = pytest.mark.broker, pytest.mark.postgres


def needs(what: str, problem: Exception) -> None:
    """Leave the test out where a server is missing, but never on CI: what is always skipped is a false green."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{what} does not answer, and CI must not skip it: {problem}")
    pytest.skip(f"{what} does not answer here: {problem}")


@contextlib.contextmanager
def database_of_its_own() -> Iterator[str]:
    try:
        psycopg.connect(f"{POSTGRES}postgres", connect_timeout=3).close()
    except psycopg.OperationalError as problem:
        needs("PostgreSQL", problem)
    with database_on(POSTGRES) as url:
        yield url


@contextlib.contextmanager
def on_files_and_sqlite(folder: Path) -> Iterator[Installation]:
    yield Installation.migrated(folder, **IMPATIENT)


@contextlib.contextmanager
def on_redis_and_postgres(folder: Path) -> Iterator[Installation]:
    server, name = redis.Redis.from_url(REDIS), f"durability-{uuid.uuid4().hex[:12]}"
    try:
        server.ping()
    except redis.ConnectionError as problem:
        needs("Redis", problem)
    with database_of_its_own() as url:
        yield Installation(folder, DATABASE_URL=url, COUNTERSIGN_BROKER_URL=REDIS, COUNTERSIGN_QUEUE=name, **IMPATIENT)
    for key in server.scan_iter(f"{name}*"):
        server.delete(key)
    server.close()


@contextlib.contextmanager
def on_rabbitmq_and_postgres(folder: Path) -> Iterator[Installation]:
    name = f"durability-{uuid.uuid4().hex[:12]}"
    with Connection(RABBITMQ, connect_timeout=3) as broker:
        try:
            broker.connect()
        except OSError as problem:
            needs("RabbitMQ", problem)
        with database_of_its_own() as url:
            yield Installation(
                folder, DATABASE_URL=url, COUNTERSIGN_BROKER_URL=RABBITMQ, COUNTERSIGN_QUEUE=name, **IMPATIENT
            )
        channel = broker.channel()
        channel.queue_delete(name)
        channel.exchange_delete(name)


def caught_in_the_middle(served: Served) -> Process:
    """Return the locked child that measures, stopped in mid-air: it will not finish on its own."""
    eventually(lambda: any(p.is_locked for p in served.find("audits.sandbox.child")), 90, f"a check\n{served.said}")
    (child,) = served.find("audits.sandbox.child")
    child.send(signal.SIGSTOP)
    served.look()
    return child


def gone(*processes: Process) -> None:
    eventually(lambda: not any(process.lives for process in processes), 15, f"the end of {processes}")


def documents(installation: Installation) -> dict[str, str]:
    """What was recorded of each check, as it is stored, by what its figures depend on."""
    sql = "SELECT identity, report FROM audits_checkresult JOIN audits_checkrun run ON run.id = run_id"
    return dict(installation.rows(sql))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The same checks where nobody kills anything, on SQLite."""
    installation = Installation.migrated(tmp_path_factory.mktemp("undisturbed"))
    with installation.serve() as served:
        installation.order(rows=LONG)
        eventually(lambda: finished(installation), 90, f"the checks\n{served.said}")
    return documents(installation)


@pytest.mark.parametrize(
    "installation_on",
    [
        on_files_and_sqlite,
        # Of the two brokers one in every run, the other in the long one.
        pytest.param(on_redis_and_postgres, marks=(*on_a_broker, pytest.mark.soak)),
        pytest.param(on_rabbitmq_and_postgres, marks=on_a_broker),
    ],
)
def test_a_check_survives_the_death_of_everything_that_works_on_it(
    installation_on: Callable[[Path], contextlib.AbstractContextManager[Installation]],
    undisturbed: dict[str, str],
    tmp_path: Path,
) -> None:
    with installation_on(tmp_path) as installation:
        with installation.serve() as served:
            ordered = installation.order(rows=LONG)

            child = caught_in_the_middle(served)
            worker, pool_process = served.find("celery")
            pool_process.send(signal.SIGKILL)
            gone(pool_process, child)

            child = caught_in_the_middle(served)
            tree = served.find("celery")
            worker.send(signal.SIGKILL)
            gone(*tree, child)

            caught_in_the_middle(served)
            served.process.kill()
            served.process.wait()
            served.leaves_nothing()

        assert not installation.rows("SELECT 1 FROM audits_checkresult"), "a killed check must not have a result"

        with installation.serve() as served:
            eventually(lambda: finished(installation), 90, f"the rest of the work\n{served.said}")
            eventually(lambda: settled(installation), 30, "the gate's answer to the results")
            results = installation.rows(
                "SELECT run.uid, verdict FROM audits_checkresult JOIN audits_checkrun run ON run.id = run_id"
            )
            assert sorted(uuid.UUID(str(run)) for run, _ in results) == sorted(map(uuid.UUID, ordered["runs"]))
            assert {verdict for _, verdict in results} == {"passed"}
            assert documents(installation) == undisturbed
            # Three were lost; on a busy machine a lease may run out besides.
            assert installation.rows("SELECT attempts FROM audits_job")[0][0] >= 4

        assert not list((tmp_path / "scratch").glob("countersign-*")), "what the killed ones left is cleared away"
        verified = installation.manage("verify_trail")
        assert verified.returncode == 0, verified.stdout


def test_an_orderly_stop_gives_the_work_back_and_is_no_failed_attempt(tmp_path: Path) -> None:
    installation = Installation.migrated(tmp_path, COUNTERSIGN_JOB_LEASE_SECONDS="600")
    with installation.serve() as served:
        installation.order(rows=LONG)
        caught_in_the_middle(served)
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(30) == 0
        served.leaves_nothing(within=1)
    assert installation.rows("SELECT state, attempts, lease_token FROM audits_job") == [("waiting", 0, None)]


def test_work_that_costs_too_many_workers_is_given_up_and_blocks(tmp_path: Path) -> None:
    installation = Installation.migrated(tmp_path, **{**IMPATIENT, "COUNTERSIGN_JOB_MAX_ATTEMPTS": "1"})
    with installation.serve() as served:
        installation.order(rows=LONG)
        child = caught_in_the_middle(served)
        _, pool_process = served.find("celery")
        pool_process.send(signal.SIGKILL)
        gone(pool_process, child)
        eventually(lambda: installation.rows("SELECT state FROM audits_job") == [("failed",)], 60, "giving up")
        assert {verdict for (verdict,) in installation.rows("SELECT verdict FROM audits_checkresult")} == {"errored"}
        eventually(lambda: last_answer(installation) == "block", 30, "the gate's answer to what was given up")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://guest:guest@127.0.0.1:1//"])
def test_work_is_accepted_while_the_broker_is_away(url: str, tmp_path: Path) -> None:
    installation = Installation.migrated(tmp_path, COUNTERSIGN_BROKER_URL=url)
    ordered = installation.order(rows=300)
    assert len(ordered["runs"]) == 2
    assert installation.rows("SELECT state, attempts FROM audits_job") == [("waiting", 0)]


def finished(installation: Installation) -> bool:
    return installation.rows("SELECT state FROM audits_job") == [("done",)]


def last_answer(installation: Installation) -> str:
    return str(
        installation.rows("SELECT outcome FROM governance_gatedecisionrecord ORDER BY number DESC LIMIT 1")[0][0]
    )


def settled(installation: Installation) -> bool:
    """Whether the gate has said something since the checks were ordered; it still waits for people."""
    (answers,) = installation.rows("SELECT count(*) FROM governance_gatedecisionrecord")[0]
    return bool(answers == 2 and last_answer(installation) == "wait")
