"""The same act, written down in every way that is compared."""

import random
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

import orjson  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402

from audits.trail import Actor, new_uid, now, record, timestamp  # noqa: E402
from audits.trail.append_only import triggers  # noqa: E402
from tests.benchmarks.trail.peers.models import (  # noqa: E402
    AuditlogDecision,
    HistoryDecision,
    OurDecision,
    PlainDecision,
    PlainEvent,
)

ACTOR = Actor.process("command:bench")
SUBJECTS = 500
WORK_SECONDS = 0.005
REASON = "The figures are within their limits, the two findings are waived until the end of the quarter. " * 2

Act = Callable[[int], object]


def prepare() -> None:
    """Make the tables, of the product and of the others."""
    call_command("migrate", verbosity=0)
    # The rows compared have no migrations of their own, and one of them points at an entry.
    call_command("migrate", run_syncdb=True, verbosity=0)
    with connection.cursor() as cursor:
        for statement in triggers(OurDecision, connection.vendor).values():
            cursor.execute(statement)
    if connection.vendor == "postgresql":
        import pgtrigger

        pgtrigger.install()


def fields() -> dict[str, Any]:
    """Return the columns of one governed row."""
    return {
        "uid": new_uid(),
        "subject": f"version/credit-scoring-{random.randrange(SUBJECTS)}/3",
        "verdict": "approved",
        "reason": REASON,
        "artifact_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "policy_sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
        "decided_by": "person:019b7698-4400-7000-8000-000000000002",
        "decided_at": now(),
    }


def data(of: dict[str, Any]) -> dict[str, Any]:
    """Return what the entry says about the row, about 600 bytes of canonical text in all."""
    return {
        "verdict": of["verdict"],
        "artifact_sha256": of["artifact_sha256"],
        "policy_sha256": of["policy_sha256"],
    }


def alone(model: type[models.Model], work: float = 0.0) -> Act:
    """Insert the row through the ORM in a transaction of its own; what `model` brings along records it."""

    def act(_: int) -> None:
        with transaction.atomic():
            model._default_manager.create(**fields())
            if work:
                time.sleep(work)

    return act


def with_entry(work: float = 0.0) -> Act:
    """Insert the row with the entry that explains and binds it."""

    def act(_: int) -> None:
        values = fields()
        with record(actor=ACTOR, at=values["decided_at"]) as recording:
            row = OurDecision(**values)
            recording.create(row, action="approval.given", subject=values["subject"], data=data(values))
            if work:
                time.sleep(work)

    return act


def entry_alone(work: float = 0.0, batch: int = 1) -> Act:
    """Append entries without a row, `batch` in one transaction."""

    def act(_: int) -> None:
        with record(actor=ACTOR, at=now()) as recording:
            for _ in range(batch):
                values = fields()
                said = data(values) | {"reason": values["reason"]}
                recording.note(action="approval.given", subject=values["subject"], data=said)
            if work:
                time.sleep(work)

    return act


def event_alone(work: float = 0.0) -> Act:
    """Insert the same event without a place, through the ORM: JSON as text, and nothing proves it."""

    def act(_: int) -> None:
        values, uid, at = fields(), new_uid(), now()
        document = {
            "action": "approval.given",
            "actor": str(ACTOR),
            "at": timestamp(at),
            "data": data(values) | {"reason": values["reason"]},
            "id": str(uid),
            "subject": values["subject"],
        }
        with transaction.atomic():
            text = orjson.dumps(document).decode()
            PlainEvent.objects.create(
                id=uid,
                recorded_at=at,
                actor=str(ACTOR),
                action="approval.given",
                subject=values["subject"],
                text=text,
            )
            if work:
                time.sleep(work)

    return act


def peers() -> dict[str, Act]:
    """Return the ways of others that exist on this database."""
    found = {"auditlog": alone(AuditlogDecision), "simple-history": alone(HistoryDecision)}
    if connection.vendor == "postgresql":
        import pgtrigger

        pgtrigger.install()
        from tests.benchmarks.trail.peers.models import PghistoryDecision

        found["pghistory"] = alone(PghistoryDecision)
    return found


PLAIN = PlainDecision
