"""How does a worker work off one batch of check runs?"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from django.conf import settings
from django.db import DatabaseError, connection

from audits.evidence import EvidenceDamaged, EvidenceMissing, store
from audits.evidence.models import Evidence
from audits.runs import CheckRun, LeaseLost
from audits.runs.services import claim, complete_batch, extend_lease, hand_back, runs_of, seed_of
from audits.sandbox import errored_outcomes, execute
from audits.trail import Actor, now

WORKER = Actor.process("worker")
log = structlog.get_logger(__name__)


@shared_task(name="audits.run_checks", acks_late=True, ignore_result=True, time_limit=settings.JOB_WALL_SECONDS + 120)
def run_checks(batch: str) -> bool:
    """Work off a batch once; a second delivery finds it taken or done and stops. Returns whether it was worked off."""
    token = claim(batch=UUID(batch), at=now())
    if token is None:
        return False
    try:
        with _heartbeat(UUID(batch), token) as beat:
            document = _execute(list(runs_of(UUID(batch))), beat)
    except SystemExit:
        # The worker is being stopped in order, by a signal that the pool turns into this.
        hand_back(batch=UUID(batch), token=token, at=now())
        raise
    try:
        complete_batch(
            actor=WORKER,
            batch=UUID(batch),
            token=token,
            outcomes=document["outcomes"],
            guards=document["guards"],
        )
    except LeaseLost:
        return False
    return True


class _Beat:
    """The share of the work done, in percent; written by the work, read by the heartbeat."""

    progress = 0


@contextmanager
def _heartbeat(batch: UUID, token: UUID) -> Iterator[_Beat]:
    """Extend the lease while the work goes on, from a thread with a database connection of its own."""
    beat, stop = _Beat(), threading.Event()

    def extend() -> None:
        try:
            while not stop.wait(settings.JOB_LEASE_SECONDS / 3):
                try:
                    extend_lease(batch=batch, token=token, progress=beat.progress, at=now())
                except DatabaseError as problem:
                    # The next beat may come through in time; the lease is as long as three of them.
                    log.warning("lease_not_extended", batch=str(batch), problem=str(problem))
                    connection.close()
        finally:
            connection.close()

    thread = threading.Thread(target=extend, name=f"lease-{batch}", daemon=True)
    thread.start()
    try:
        yield beat
    finally:
        stop.set()
        thread.join()


def _execute(runs: list[CheckRun], beat: _Beat) -> dict[str, Any]:
    """Run a batch in the sandboxed child and return its document; damaged evidence makes every run errored."""
    specs = [{"check": run.check_name, "version": run.check_version, "parameters": run.parameters} for run in runs]
    inputs = runs[0].inputs
    try:
        with ExitStack() as stack:
            spec = {
                "runs": specs,
                "tables": {purpose: _table(stack, table) for purpose, table in inputs["tables"].items()},
                "artifact": _artifact(stack, inputs["artifact"]),
                "seed": seed_of(inputs),
            }
            return execute(
                spec,
                wall_seconds=settings.JOB_WALL_SECONDS,
                cpu_seconds=settings.JOB_WALL_SECONDS,
                memory_bytes=settings.JOB_MEMORY_BYTES,
                on_progress=lambda percent: setattr(beat, "progress", percent),
            )
    except (EvidenceMissing, EvidenceDamaged) as problem:
        return {"outcomes": errored_outcomes(specs, f"The evidence cannot be read: {problem}"), "guards": []}


def _table(stack: ExitStack, table: dict[str, str]) -> dict[str, Any]:
    path: Path = stack.enter_context(store.local_path(table["sha256"]))
    evidence = Evidence.objects.get(
        kind="table", sha256=table["sha256"], declaration_sha256=table["declaration_sha256"]
    )
    return {"path": str(path), **evidence.declaration}


def _artifact(stack: ExitStack, artifact: dict[str, str]) -> dict[str, str]:
    path = stack.enter_context(store.local_path(artifact["sha256"]))
    return {"path": str(path), "format": artifact["format"]}
