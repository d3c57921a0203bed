"""Which checkpoint was taken where, and when?"""

from django.db import models


class Anchoring(models.Model):
    """A checkpoint was handed to a place that is given one in each interval.

    Operational: says only when the next one is due, and nothing is decided from it; what the place itself holds is
    what counts. Created by: `outside.publish_outside`.
    """

    anchor = models.CharField(max_length=500, help_text="The place, as COUNTERSIGN_ANCHORS names it.")
    size = models.BigIntegerField(help_text="Entries covered.")
    kept_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["anchor"], name="one_row_per_anchor")]

    def __str__(self) -> str:
        return f"{self.anchor} keeps {self.size}"
