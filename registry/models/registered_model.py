"""Which lines of versions are there, and who answers for them?"""

from typing import ClassVar

from django.db import models

from audits.trail import DocumentField, Recorded


class RiskTier(models.TextChoices):
    MINIMAL = "minimal"
    LIMITED = "limited"
    HIGH = "high"


class Task(models.TextChoices):
    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
    GENERATION = "generation"


class EntryType(models.TextChoices):
    """What kind of thing the versions are; it tells which evidence a version must bring."""

    TRAINED_MODEL = "trained_model"
    FOUNDATION_MODEL = "foundation_model"
    FINE_TUNE = "fine_tune"
    ADAPTER = "adapter"
    PROMPT = "prompt"
    AGENT = "agent"
    VENDOR_MODEL = "vendor_model"


class RegisteredModel(Recorded):
    """A named line of versions with an owner and a risk tier.

    Created by: `register_model`.
    States: 1. registered.
    """

    name = models.CharField(max_length=120, unique=True, help_text="Lower case letters, digits, dot, dash, underscore.")
    owner = models.CharField(max_length=120, help_text="Actor who registered it, kind:id.")
    risk_tier = models.CharField(max_length=10, choices=RiskTier, help_text="Selects the policies that apply.")
    task = models.CharField(max_length=12, choices=Task)
    description = models.TextField(blank=True)
    intended_use = models.TextField(blank=True)
    registered_at = models.DateTimeField(help_text="UTC.")
    entry_type = models.CharField(max_length=20, choices=EntryType, default=EntryType.TRAINED_MODEL)
    tags = DocumentField(default=dict, help_text="Texts by name, given at registration; policies can ask for them.")

    columns_added_later: ClassVar[frozenset[str]] = frozenset({"entry_type", "tags"})

    class Meta:
        ordering = ["name"]
        indexes = [
            models.Index(fields=["risk_tier", "id"], name="models_by_risk_tier"),
            models.Index(fields=["owner", "id"], name="models_by_owner"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> str:
        return f"model/{self.name}"
