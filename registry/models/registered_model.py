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
    MULTI_LABEL = "multi_label", "Multi-label"
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
    States: told by `ModelState`: 1. listed, 2. deleted, until it is registered again.
    """

    name = models.CharField(
        max_length=256, unique=True, help_text="Name it was registered under; its entries keep it for good."
    )
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

    @property
    def present_name(self) -> str:
        """What it is called now, which may be another name than its entries keep."""
        return self.state.name

    @property
    def names(self) -> frozenset[str]:
        """Every name it has or had: each leads to it, and no other model gets one of them."""
        return frozenset({self.name, *(row.name for row in self.renames.all())})


class ModelRename(Recorded):
    """A registered model got another name; what it was called before stays its own and leads to it.

    Created by: `rename_model`. States: 1. recorded. The newest tells the present name.
    """

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="renames")
    name = models.CharField(max_length=256, help_text="The new name.")
    renamed_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    renamed_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["name"], name="rename_by_name")]

    def __str__(self) -> str:
        return f"{self.model.name} → {self.name}"


class ModelListing(Recorded):
    """A registered model was deleted, or registered again under a name that was deleted.

    Created by: `delete_model`, with all its versions deleted, and `relist_model`. Numbers go on where they were.
    States: 1. recorded. The newest tells whether the model is listed.
    """

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="listings")
    is_listed = models.BooleanField()
    listed_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    listed_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.model.name}: {'listed again' if self.is_listed else 'deleted'}"


class ModelState(models.Model):
    """Projection: what a registered model is called, and when anything about it changed.

    Rebuilt from the facts by `verify_trail` and compared.
    """

    model = models.OneToOneField(RegisteredModel, on_delete=models.PROTECT, primary_key=True, related_name="state")
    name = models.CharField(max_length=256, unique=True, help_text="Present name.")
    is_listed = models.BooleanField(help_text="No longer, once it is deleted.")
    updated_at = models.DateTimeField(
        db_index=True, help_text="When its name, its description or one of its versions changed last, UTC."
    )

    def __str__(self) -> str:
        return self.name
