"""How does an ordered check become a recorded result, whatever is killed in between?

The row is the memory and the broker only a bell: a claim is one conditional update, the lease is extended while
the work goes on, and only the holder of the newest lease may deliver.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet

from audits import leases
from audits.leases import LeaseLost
from audits.runs.models import CheckResult, CheckRun, CheckVerdict, Job, JobState
from audits.trail import Actor, Recording, document_text, new_uid, now, record

# The longest pause between two rings for one job, in multiples of the shortest.
LONGEST_PAUSE = 30


@dataclass(frozen=True, slots=True)
class Order:
    """One check to run: name, edition, parameters and the digests of its inputs."""

    check_name: str
    check_version: int
    parameters: dict[str, Any]
    inputs: dict[str, Any]

    @property
    def identity(self) -> str:
        """SHA-256 over everything the figures depend on: equal identities, equal figures."""
        return _digest([self.check_name, self.check_version, self.parameters, self.inputs])


def seed_of(inputs: dict[str, Any]) -> int:
    """Where all that is drawn for a check begins, by its inputs alone: its figures are the same in any company."""
    return int(_digest(inputs)[:8], 16)


def _digest(document: object) -> str:
    return hashlib.sha256(document_text(document).encode()).hexdigest()


def order_runs(*, recording: Recording, orders: Sequence[Order], subject: str) -> UUID | None:
    """Order checks as one batch and return its name, or None when there is nothing to order.

    Records: check_run.ordered for each.
    """
    if not orders:
        return None
    batch = new_uid()
    for order in orders:
        run = CheckRun(
            uid=new_uid(),
            batch=batch,
            subject=subject,
            check_name=order.check_name,
            check_version=order.check_version,
            parameters=order.parameters,
            inputs=order.inputs,
            identity=order.identity,
            ordered_at=recording.at,
        )
        data = {
            "run": str(run.uid),
            "check": run.check_name,
            "version": run.check_version,
            "identity": run.identity,
        }
        recording.create(run, action="check_run.ordered", subject=subject, data=data)
    Job.objects.create(batch=batch, created_at=recording.at, publish_after=recording.at)
    return batch


def due_batches(*, at: datetime) -> list[UUID]:
    """Return the batches for which the broker must be rung: never taken, or taken by a worker that fell silent."""
    waiting = Q(state=JobState.WAITING, publish_after__lte=at)
    lost = Q(state=JobState.RUNNING, lease_until__lt=at, publish_after__lte=at)
    return list(Job.objects.filter(waiting | lost).order_by("id").values_list("batch", flat=True)[:100])


def mark_published(*, batch: UUID, at: datetime) -> None:
    """Note that the bell was rung, so that the next ring waits a while.

    The longer a job has waited, the longer the pause: a message that merely stands in a long queue is not lost, and
    ringing for it every few seconds would make the queue longer still.
    """
    job = Job.objects.filter(batch=batch).first()
    if job is None:
        return
    shortest = timedelta(seconds=settings.JOB_REPUBLISH_SECONDS)
    pause = min(max(shortest, (at - job.created_at) / 2), shortest * LONGEST_PAUSE)
    # Who has answered the bell already is not to be missed any later than its lease says.
    unanswered = ~Q(state=JobState.RUNNING, lease_until__gt=at)
    Job.objects.filter(unanswered, pk=job.pk).update(publish_after=at + pause)


def claim(*, batch: UUID, at: datetime) -> UUID | None:
    """Take a job and return the lease token, or None when it is done, given up or held by somebody alive."""
    open_states = (JobState.WAITING, JobState.RUNNING)
    return leases.take(
        Job.objects.filter(batch=batch, state__in=open_states, attempts__lt=settings.JOB_MAX_ATTEMPTS),
        at=at,
        seconds=settings.JOB_LEASE_SECONDS,
        state=JobState.RUNNING,
        attempts=F("attempts") + 1,
        # Should this worker fall silent, the bell is rung as soon as the lease has run out.
        publish_after=at,
        progress=0,
    )


def extend_lease(*, batch: UUID, token: UUID, progress: int, at: datetime) -> bool:
    """Keep the job for another while; False when it is no longer ours."""
    job = Job.objects.filter(batch=batch)
    return leases.extend(job, token=token, at=at, seconds=settings.JOB_LEASE_SECONDS, progress=progress)


def hand_back(*, batch: UUID, token: UUID, at: datetime) -> bool:
    """Give a job back undone, because its worker is being stopped in order; False when it is no longer ours.

    That is nobody's failure, so the attempt does not count, and the next worker need not wait for the lease.
    """
    return leases.give_back(
        Job.objects.filter(batch=batch),
        token=token,
        state=JobState.WAITING,
        attempts=F("attempts") - 1,
        publish_after=at,
        progress=0,
    )


def runs_of(batch: UUID) -> QuerySet[CheckRun]:
    return CheckRun.objects.filter(batch=batch).order_by("id")


def complete_batch(
    *, actor: Actor, batch: UUID, token: UUID, outcomes: Sequence[dict[str, Any]], guards: Sequence[str]
) -> None:
    """Record what a batch found, one outcome for each run in the order of `runs_of`.

    Records: check_run.completed for each. Raises: LeaseLost. Idempotent: by run.
    Locks: the job, then the trail.
    """
    at = now()
    with record(actor=actor, at=at) as recording:
        job = Job.objects.filter(batch=batch)
        if not leases.give_back(job, token=token, state=JobState.DONE, progress=100, finished_at=at):
            raise LeaseLost(str(batch))
        for run, outcome in zip(runs_of(batch), outcomes, strict=True):
            _record_result(recording, run, outcome, guards)


def give_up_lost_jobs(*, actor: Actor) -> list[UUID]:
    """Record as errored what has cost too many workers; return the batches given up.

    Records: check_run.completed for each run. Losing a worker again and again must not leave a gate waiting for ever.
    """
    at = now()
    lost = Q(lease_until__lt=at, state=JobState.RUNNING, attempts__gte=settings.JOB_MAX_ATTEMPTS)
    batches = list(Job.objects.filter(lost).values_list("batch", flat=True))
    for batch in batches:
        with record(actor=actor, at=at) as recording:
            if not Job.objects.filter(lost, batch=batch).update(
                state=JobState.FAILED, finished_at=at, lease_token=None
            ):
                continue
            for run in runs_of(batch):
                _record_result(recording, run, _lost_outcome(run), ())
    return batches


def _lost_outcome(run: CheckRun) -> dict[str, Any]:
    return {
        "check": run.check_name,
        "version": run.check_version,
        "parameters": run.parameters,
        "verdict": CheckVerdict.ERRORED.value,
        "sentence": f"The worker was lost {settings.JOB_MAX_ATTEMPTS} times while it worked on this; order it again.",
        "measurements": [],
        "findings": [],
        "notes": [],
        "statistics": {},
    }


def _record_result(recording: Recording, run: CheckRun, outcome: dict[str, Any], guards: Sequence[str]) -> None:
    verdict = CheckVerdict(outcome["verdict"])
    result = CheckResult(
        run=run,
        verdict=verdict,
        report=outcome,
        guards=list(guards),
        completed_at=recording.at,
    )
    data = {
        "run": str(run.uid),
        "check": run.check_name,
        "verdict": verdict.value,
        "identity": run.identity,
    }
    recording.create(result, action="check_run.completed", subject=run.subject, data=data)
