"""What is one version, by content?"""

import hashlib
from typing import Any

from django.db import models

from audits.trail import DocumentField, Recorded, document_text
from registry.models.registered_model import RegisteredModel


class ModelVersion(Recorded):
    """One immutable artifact with the evidence it was submitted with, all by digest.

    Created by: `register_version`.
    States: told by `VersionStage`. The same artifact is registered once in a model.
    """

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the model; never used again.")
    artifact_sha256 = models.CharField(max_length=64, help_text="Digest of the artifact, hex.")
    artifact_format = models.CharField(max_length=20, help_text="skops, xgboost, lightgbm or onnx.")
    evidence = DocumentField(
        help_text="By purpose (evaluation, reference): uid, sha256 and declaration_sha256 of a declared table."
    )
    source = models.CharField(max_length=500, blank=True, help_text="Where the pipeline says it comes from; not read.")
    notes = models.TextField(blank=True, help_text="What the pipeline says about it.")
    registered_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    registered_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["model", "number"]
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="version_number_once"),
            models.UniqueConstraint(fields=["model", "artifact_sha256"], name="artifact_once_in_a_model"),
        ]

    def __str__(self) -> str:
        return f"{self.model.name} {self.number}"

    @property
    def subject(self) -> str:
        return f"version/{self.model.name}/{self.number}"

    @property
    def inputs(self) -> dict[str, Any]:
        """Digests a check run over this version names as its inputs."""
        tables = {
            purpose: {"sha256": table["sha256"], "declaration_sha256": table["declaration_sha256"]}
            for purpose, table in self.evidence.items()
        }
        return {
            "artifact": {"sha256": self.artifact_sha256, "format": self.artifact_format},
            "tables": tables,
        }

    @property
    def evidence_sha256(self) -> str:
        """Digest of the whole evidence set: what an approval binds besides artifact and policy."""
        return hashlib.sha256(document_text(self.inputs["tables"]).encode()).hexdigest()
