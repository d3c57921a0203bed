"""What makes a version due to be promoted anew, and which deadlines have passed?"""

from django.db import models

from audits.trail import Recorded, Sealed, SealedManager
from registry.models import ModelVersion


class TriggerKind(models.TextChoices):
    DRIFT = "drift"
    TRAINING_DATA = "training_data"
    UPSTREAM = "upstream"
    INCIDENT = "incident"


class RecertificationTrigger(Recorded):
    """Something happened that makes a version in production due for re-certification.

    Created by: `raise_trigger`, and by every move of a version that others consume.
    States, computed: 1. open, 2. answered (the version was promoted again after it).
    Personal data: the reason may hold some; it is sealed under the key of who raised it.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="triggers")
    kind = models.CharField(max_length=14, choices=TriggerKind)
    because = models.CharField(max_length=300, blank=True, help_text="Subject of what happened, such as a version.")
    sealed_reason = models.TextField(
        db_column="reason", blank=True, help_text="Encrypted under the key of who raised it."
    )
    raised_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    raised_at = models.DateTimeField(help_text="UTC.")

    reason = Sealed("sealed_reason", author="raised_by", purpose="trigger")
    objects = SealedManager["RecertificationTrigger"]()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.version}: {self.kind}"


class DeadlineKind(models.TextChoices):
    WAIVER = "waiver"
    CONDITION = "condition"
    BREAK_GLASS_REVIEW = "break_glass_review"
    RECERTIFICATION_DUE = "recertification_due"
    RECERTIFICATION = "recertification"
    APPROVAL = "approval"
    DELEGATION = "delegation"


class DeadlinePassed(Recorded):
    """A deadline has passed, and those concerned were told.

    Created by: `note_deadlines`, once for a deadline and once for each reminder. Nothing is decided from it: what has
    expired is computed from the deadline itself.
    """

    kind = models.CharField(max_length=20, choices=DeadlineKind)
    about = models.CharField(max_length=300, help_text="Subject of what had the deadline, such as waiver/uid.")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="deadlines_passed")
    due_at = models.DateTimeField(help_text="UTC.")
    reminder = models.PositiveIntegerField(default=0, help_text="0 for the first, then 1, 2, 3 …")
    noted_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "about", "due_at", "reminder"], name="deadline_noted_once")
        ]

    def __str__(self) -> str:
        return f"{self.about}: {self.kind} was due {self.due_at:%Y-%m-%d %H:%M}"
