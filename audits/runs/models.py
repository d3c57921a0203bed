"""Which checks were ordered, over which inputs, and what came out?"""

from django.db import models

from audits.leases import Leased
from audits.trail.fields import DocumentField
from audits.trail.models import Recorded


class CheckRun(Recorded):
    """The order to run one check over inputs named by digest.

    Created by: `order_runs`.
    States: 1. ordered, 2. completed (a `CheckResult` exists). How far the work is, is told by the `Job` of its batch.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    batch = models.UUIDField(db_index=True, help_text="Runs of one batch share one scan of their tables.")
    subject = models.CharField(max_length=300, db_index=True, help_text="On whose behalf, e.g. version/name/3.")
    check_name = models.CharField(max_length=80, help_text="family.check, e.g. fairness.impact_ratio.")
    check_version = models.PositiveIntegerField(help_text="Edition of the check.")
    parameters = DocumentField(help_text="Parameters as ordered; what is left out takes the check's default.")
    inputs = DocumentField(help_text="Digests of tables, declarations and artifact, by purpose.")
    identity = models.CharField(
        max_length=64,
        db_index=True,
        help_text="SHA-256 of check, version, parameters and inputs: same figures.",
    )
    ordered_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.check_name}@{self.check_version} for {self.subject}"


class CheckVerdict(models.TextChoices):
    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    ERRORED = "errored"


class CheckResult(Recorded):
    """What one run found.

    Created by: `complete_batch`, or `give_up` when the work was lost too often.
    States: 1. recorded. A run has at most one result, whoever delivers it twice.
    """

    run = models.OneToOneField(CheckRun, on_delete=models.PROTECT, related_name="result")
    verdict = models.CharField(max_length=12, choices=CheckVerdict)
    report = DocumentField(help_text="The outcome: sentence, measurements, findings, notes, sufficient statistics.")
    guards = DocumentField(help_text="Names of the process guards that were in force.")
    completed_at = models.DateTimeField(db_index=True, help_text="UTC.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.run}: {self.verdict}"


class JobState(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Leased):
    """The work of one batch: who holds it, until when, and when to ring for it again.

    An operational row, written in the transaction that orders the runs (so it is an outbox) and changed by the
    workers. Nothing is decided from it: what counts are the results.
    """

    batch = models.UUIDField(unique=True, help_text="The batch of check runs to work off.")
    state = models.CharField(max_length=8, choices=JobState, default=JobState.WAITING)
    attempts = models.PositiveIntegerField(default=0, help_text="How often a worker has taken it.")
    publish_after = models.DateTimeField(help_text="UTC; when the broker is rung (again).")
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent.")
    created_at = models.DateTimeField(help_text="UTC.")
    finished_at = models.DateTimeField(null=True, help_text="UTC.")

    class Meta:
        indexes = [models.Index(fields=["state", "publish_after"], name="job_due")]

    def __str__(self) -> str:
        return f"job {self.batch} {self.state}"
