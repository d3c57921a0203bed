"""Which versions did somebody take out, and why?"""

from django.db import models

from audits.trail import Recorded, Sealed, SealedManager
from registry.models import ModelVersion


class RetirementKind(models.TextChoices):
    SUSPENDED = "suspended"
    RETIRED = "retired"
    DELETED = "deleted"


class Retirement(Recorded):
    """Somebody took a version out on purpose: for now, for good, or out of every list.

    Created by: `suspend_version`, `retire_version`, `delete_version`. A version that another one superseded was not
    taken out on purpose and has no such row: a rollback may bring it back.
    States: 1. recorded.
    Personal data: the reason may hold some; it is sealed under the key of who took the version out.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="retirements")
    kind = models.CharField(max_length=9, choices=RetirementKind)
    sealed_reason = models.TextField(db_column="reason", help_text="Encrypted under the key of who took it out.")
    taken_out_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    taken_out_at = models.DateTimeField(help_text="UTC.")

    reason = Sealed("sealed_reason", author="taken_out_by", purpose="retirement")
    objects = SealedManager["Retirement"]()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.version}: {self.kind}"

    @property
    def subject(self) -> str:
        return f"retirement/{self.uid}"
