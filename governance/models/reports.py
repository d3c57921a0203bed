"""Which reports were taken away?"""

from django.db import models

from audits.trail import Recorded
from registry.models import ModelVersion


class ReportExport(Recorded):
    """Somebody exported the report of a version; its bytes stay in the store under their digest.

    Created by: `export_report`.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="reports")
    format = models.CharField(max_length=4, help_text="html, pdf, json or csv.")
    media_type = models.CharField(max_length=80)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, help_text="Digest of the bytes, hex.")
    size = models.BigIntegerField(help_text="Bytes.")
    exported_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    exported_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name
