"""What has been put on record as evidence?"""

from django.db import models

from audits.trail.fields import DocumentField
from audits.trail.models import Recorded


class EvidenceKind(models.TextChoices):
    ARTIFACT = "artifact"
    TABLE = "table"
    DOCUMENT = "document"


class Evidence(Recorded):
    """Stored bytes and what they are declared to be, by digest.

    Created by: `declare_table`, `declare_artifact`, `declare_document`.
    States: 1. declared. The same bytes under another declaration are other evidence.
    Personal data: the bytes of a table may hold some; this row does not.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    kind = models.CharField(max_length=12, choices=EvidenceKind)
    name = models.CharField(max_length=200, help_text="File name given by the uploader; never used as a path.")
    sha256 = models.CharField(max_length=64, db_index=True, help_text="Digest of the bytes, hex.")
    size = models.BigIntegerField(help_text="Bytes.")
    format = models.CharField(max_length=20, help_text="csv, parquet, skops, xgboost, lightgbm, onnx …")
    declaration = DocumentField(help_text="How a table is to be read and what its columns mean; {} otherwise.")
    declaration_sha256 = models.CharField(max_length=64, help_text="Digest of the declaration's text, hex.")
    row_count = models.BigIntegerField(null=True, help_text="Rows of a table.")
    columns = DocumentField(help_text="Names and types of a table's columns, in order; [] otherwise.")

    class Meta:
        verbose_name_plural = "evidence"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "sha256", "declaration_sha256"], name="evidence_once_per_declaration"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.sha256[:12]}"

    @property
    def subject(self) -> str:
        return f"evidence/{self.uid}"
