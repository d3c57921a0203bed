"""Where does a version stand, how did it get there, and which names point at it?"""

from typing import ClassVar

from django.db import models

from audits.trail import Recorded
from registry.models.model_version import ModelVersion
from registry.models.registered_model import RegisteredModel
from registry.stages import Rollout, Stage


class StageTransition(Recorded):
    """A version moved from one stage to another.

    Created by: `move_version`; the first one, into development, by `register_version`.
    States: 1. recorded. The newest of a version tells its stage.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="transitions")
    from_stage = models.CharField(max_length=12, choices=Stage, blank=True, help_text="Empty for the first.")
    to_stage = models.CharField(max_length=12, choices=Stage)
    because = models.CharField(max_length=300, help_text="What allowed it, e.g. promotion/uid or rollback/uid.")
    moved_at = models.DateTimeField(help_text="UTC.")
    rollout = models.CharField(
        max_length=10, choices=Rollout, blank=True, default="", help_text="In production: how far; empty means full."
    )
    percent = models.PositiveSmallIntegerField(default=0, help_text="Of a canary: share of the traffic, 1 to 99.")

    columns_added_later: ClassVar[frozenset[str]] = frozenset({"rollout", "percent"})

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.version}: {self.from_stage or 'new'} → {self.to_stage}"


class AliasAssignment(Recorded):
    """A movable name came to point at a version of its model, or at none any more.

    Created by: `assign_alias`, `withdraw_alias` (without a version).
    States: 1. recorded. The newest of an alias tells where it points.
    """

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="alias_assignments")
    alias = models.CharField(max_length=255, help_text="e.g. champion.")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="alias_assignments")
    because = models.CharField(max_length=300, help_text="What allowed it, e.g. promotion/uid.")
    assigned_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.model.name}@{self.alias} → {self.version.number if self.version else 'nothing'}"


class VersionStage(models.Model):
    """Projection: the present stage of a version. Rebuilt from the facts by `verify_trail` and compared.

    Model and number stand here once more so that the newest in a stage is found without looking at the others.
    """

    version = models.OneToOneField(ModelVersion, on_delete=models.PROTECT, primary_key=True, related_name="position")
    # Found by the indexes below that begin with it: one of its own invites PostgreSQL to read all versions of a model.
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="positions", db_index=False)
    number = models.PositiveIntegerField(help_text="The version's.")
    stage = models.CharField(max_length=12, choices=Stage, db_index=True)
    rollout = models.CharField(max_length=10, choices=Rollout, blank=True, help_text="Empty outside production.")
    percent = models.PositiveSmallIntegerField(default=0, help_text="Of a canary: share of the traffic, 1 to 99.")
    since = models.DateTimeField(help_text="When it got there, UTC.")
    updated_at = models.DateTimeField(
        help_text="When its stage, its description or what is known of its artifact changed last, UTC."
    )

    class Meta:
        indexes = [
            models.Index(fields=["model", "stage", "number"], name="newest_in_a_stage"),
            models.Index(fields=["updated_at", "version"], name="version_by_update"),
            models.Index(fields=["model", "updated_at"], name="version_of_model_by_update"),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.stage}"


class CurrentAlias(models.Model):
    """Projection: where an alias points now. Rebuilt from the assignments by `verify_trail` and compared."""

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="aliases")
    alias = models.CharField(max_length=255)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="aliases")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "alias"], name="alias_once_in_a_model")]

    def __str__(self) -> str:
        return f"{self.model.name}@{self.alias} → {self.version.number}"
