"""Which rules are in force?"""

from django.db import models

from audits.trail import Recorded


class PolicyVersion(Recorded):
    """One immutable edition of a policy.

    Created by: `publish_policy`.
    States: 1. published. The edition with the highest number of a name is in force.
    """

    name = models.CharField(max_length=60, db_index=True)
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the name.")
    title = models.CharField(max_length=200)
    text = models.TextField(help_text="The YAML document, verbatim.")
    sha256 = models.CharField(max_length=64, help_text="Digest of the text, hex.")
    target = models.CharField(max_length=12, help_text="Stage it guards; copied from the text.")
    published_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    published_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["name", "-number"]
        constraints = [models.UniqueConstraint(fields=["name", "number"], name="policy_number_once")]

    def __str__(self) -> str:
        return f"{self.title} (edition {self.number})"

    @property
    def subject(self) -> str:
        return f"policy/{self.name}/{self.number}"
