"""Which findings has somebody accepted for a time, and who?"""

from django.db import models

from audits.trail import Recorded, Sealed, SealedManager
from registry.models import ModelVersion
from registry.stages import Stage


class Waiver(Recorded):
    """Time-limited, reasoned acceptance of one requirement, or of one finding of it, for one version and target.

    Created by: `grant_waiver`.
    States, computed: 1. in force, 2. expired (`expires_at` has passed), 3. revoked (a `WaiverRevocation` exists).
    Personal data: the reason and the compensating control may hold some; both are sealed under the grantor's key.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="waivers")
    target = models.CharField(max_length=12, choices=Stage)
    policy = models.CharField(max_length=60, help_text="Name of the policy.")
    requirement = models.CharField(max_length=80, help_text="Id of the requirement or document in the policy.")
    finding = models.CharField(max_length=300, blank=True, help_text="Stable key of one finding; empty for all.")
    sealed_reason = models.TextField(db_column="reason", help_text="Encrypted under the grantor's key.")
    sealed_control = models.TextField(
        db_column="compensating_control", help_text="What is done instead, encrypted under the grantor's key."
    )
    granted_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    granted_at = models.DateTimeField(help_text="UTC.")
    expires_at = models.DateTimeField(help_text="UTC; at most 90 days later.")

    reason = Sealed("sealed_reason", author="granted_by", purpose="waiver")
    compensating_control = Sealed("sealed_control", author="granted_by", purpose="waiver")
    objects = SealedManager["Waiver"]()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(expires_at__gt=models.F("granted_at")), name="waiver_has_an_end")
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.policy}/{self.requirement} waived"

    @property
    def subject(self) -> str:
        return f"waiver/{self.uid}"


class WaiverRevocation(Recorded):
    """A waiver ended before its time. Created by: `revoke_waiver`."""

    waiver = models.OneToOneField(Waiver, on_delete=models.PROTECT, related_name="revocation")
    revoked_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    revoked_at = models.DateTimeField(help_text="UTC.")

    def __str__(self) -> str:
        return f"{self.waiver} revoked"
