"""Which evidence bundles were taken away?"""

from django.db import models

from audits.trail import DocumentField, Recorded


class BundleExport(Recorded):
    """Somebody took an evidence bundle away; its bytes stay in the store under their digest.

    Created by: `export_bundle`.
    States: 1. taken.
    Personal data: no. The bundle holds entries, policies and stable ids.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    subjects = DocumentField(help_text="What the bundle is about, sorted; [] for the whole trail.")
    checkpoint_size = models.BigIntegerField(help_text="Entries under the checkpoint it holds.")
    since = models.BigIntegerField(help_text="Size of the checkpoint it shows to be continued; 0 for none.")
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, help_text="Digest of the bytes, hex.")
    size = models.BigIntegerField(help_text="Bytes.")
    exported_by = models.CharField(max_length=120, db_index=True, help_text="Actor, kind:id.")
    exported_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name

    @property
    def subject(self) -> str:
        return f"bundle/{self.uid}"
