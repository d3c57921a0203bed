"""What is one version, by content?"""

import hashlib
from collections.abc import Collection
from typing import Any, ClassVar

from django.db import models

from audits.evidence import EvidenceKind
from audits.trail import DocumentField, Recorded, document_text
from registry.models.registered_model import RegisteredModel


class ModelVersion(Recorded):
    """One immutable artifact with the evidence it was submitted with, all by digest.

    A version that was registered by its source alone has no digest until an `ArtifactBinding` tells it.
    Created by: `register_version`.
    States: told by `VersionStage`; deleted when a `VersionDeletion` exists. The same artifact is registered once in a
    model.
    """

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the model; never used again.")
    registered_sha256 = models.CharField(
        max_length=64,
        null=True,
        db_column="artifact_sha256",
        help_text="Digest of the artifact it was registered with, hex; null: by its source alone.",
    )
    registered_format = models.CharField(
        max_length=20, blank=True, db_column="artifact_format", help_text="skops, xgboost, lightgbm or onnx; or empty."
    )
    evidence = DocumentField(
        help_text="By purpose (evaluation, reference): uid, sha256 and declaration_sha256 of a declared table."
    )
    source = models.CharField(max_length=500, blank=True, help_text="Where the pipeline says it comes from; not read.")
    notes = models.TextField(blank=True, help_text="What the pipeline says about it.")
    registered_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    registered_at = models.DateTimeField(help_text="UTC.")
    trained_by = models.CharField(
        max_length=120, blank=True, default="", help_text="Owner of the training run, kind:id; may be empty."
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="descendants",
        help_text="What a fine-tune or an adapter was made from.",
    )
    run_id = models.CharField(
        max_length=256, blank=True, default="", help_text="Run of a tracking server that made it, as the pipeline says."
    )
    run_link = models.CharField(
        max_length=500, blank=True, default="", help_text="Where that run can be looked at, as the pipeline says."
    )
    logged_model = models.CharField(
        max_length=256, blank=True, default="", help_text="Model of a tracking server it is, as the pipeline says."
    )

    columns_added_later: ClassVar[frozenset[str]] = frozenset(
        {"trained_by", "parent", "run_id", "run_link", "logged_model"}
    )

    class Meta:
        ordering = ["model", "number"]
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="version_number_once"),
            models.UniqueConstraint(fields=["model", "registered_sha256"], name="artifact_once_in_a_model"),
        ]
        indexes = [models.Index(fields=["run_id"], condition=~models.Q(run_id=""), name="version_by_run")]

    def __str__(self) -> str:
        return f"{self.model.name} {self.number}"

    @property
    def subject(self) -> str:
        return f"version/{self.model.name}/{self.number}"

    @property
    def artifact_sha256(self) -> str:
        """Digest of the artifact, hex; empty while nobody has told it."""
        return self.registered_sha256 or (self.binding.sha256 if self._is_bound else "")

    @property
    def artifact_format(self) -> str:
        """skops, xgboost, lightgbm or onnx; empty while the artifact is not known."""
        return self.registered_format or (self.binding.format if self._is_bound else "")

    @property
    def _is_bound(self) -> bool:
        return self.pk is not None and hasattr(self, "binding")

    @property
    def tables(self) -> dict[str, dict[str, str]]:
        """The tables of now by purpose: those it was registered with, and those attached since in their place."""
        return {**self.evidence, **self._attached(EvidenceKind.TABLE)}

    @property
    def documents(self) -> dict[str, dict[str, str]]:
        """The documents of now by kind (model_card, dpia …), the newest of each."""
        return self._attached(EvidenceKind.DOCUMENT)

    def _attached(self, kind: str) -> dict[str, dict[str, str]]:
        # A version that is about to be registered has nothing attached yet.
        rows = self.attachments.all() if self.pk else ()
        return {row.purpose: row.reference for row in rows if row.kind == kind}

    @property
    def inputs(self) -> dict[str, Any]:
        """Digests a check run over this version names as its inputs."""
        return {
            "artifact": {"sha256": self.artifact_sha256, "format": self.artifact_format},
            "tables": _digests(self.tables),
        }

    @property
    def evidence_sha256(self) -> str:
        """Digest of the whole evidence set: what an approval binds besides artifact and policy."""
        whole = _digests(self.tables) | {f"document:{kind}": it for kind, it in _digests(self.documents).items()}
        return hashlib.sha256(document_text(whole).encode()).hexdigest()


def _digests(references: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    return {
        purpose: {"sha256": it["sha256"], "declaration_sha256": it["declaration_sha256"]}
        for purpose, it in references.items()
    }


def with_artifact(sha256s: Collection[str], prefix: str = "") -> models.Q:
    """Return the condition that a version's artifact has one of these digests, whenever that was told.

    `prefix` leads to the version, such as `version__`.
    """
    known = [sha256 for sha256 in sha256s if sha256]
    return models.Q((f"{prefix}registered_sha256__in", known)) | models.Q((f"{prefix}binding__sha256__in", known))


class ArtifactBinding(Recorded):
    """The artifact of a version that was registered by its source alone became known.

    Created by: `bind_artifact`. One for each version at most, and none for a version registered with its artifact.
    """

    version = models.OneToOneField(ModelVersion, on_delete=models.PROTECT, related_name="binding")
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64, help_text="Digest of the artifact, hex.")
    format = models.CharField(max_length=20, help_text="skops, xgboost, lightgbm or onnx.")
    bound_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    bound_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "sha256"], name="artifact_bound_once_in_a_model")]

    def __str__(self) -> str:
        return f"{self.version} is {self.sha256[:12]}…"


class EvidenceAttachment(Recorded):
    """A table or a document joined the evidence of a version that exists, or took the place of an earlier one.

    Created by: `attach_evidence`.
    States: 1. attached. The newest of a purpose counts.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="attachments")
    kind = models.CharField(max_length=12, choices=EvidenceKind)
    purpose = models.CharField(max_length=40, help_text="What it serves for: evaluation, dpia, model_card …")
    reference = DocumentField(help_text="uid, sha256 and declaration_sha256 of the evidence.")
    attached_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    attached_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.version}: {self.kind} {self.purpose}"


class VersionDependency(Recorded):
    """A version consumes what another version puts out.

    Created by: `register_version`. States: 1. recorded, once for the life of the version.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="dependencies")
    upstream = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="dependents")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "upstream"], name="dependency_once")]

    def __str__(self) -> str:
        return f"{self.version} consumes {self.upstream}"


class VersionDeletion(Recorded):
    """A version was deleted: its number stays taken, and this row is its tombstone.

    Created by: `delete_version`, never for a version in staging or production. The artifact's bytes stay stored.
    """

    version = models.OneToOneField(ModelVersion, on_delete=models.PROTECT, related_name="deletion")
    deleted_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    deleted_at = models.DateTimeField(help_text="UTC.")

    def __str__(self) -> str:
        return f"{self.version} deleted"
