"""Which rules are in force, and which are proposed?"""

from typing import ClassVar

from django.db import models

from audits.trail import Recorded, Sealed, SealedManager


class PolicyVersion(Recorded):
    """One immutable edition of a policy.

    Created by: `approve_policy`.
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
    authored_by = models.CharField(
        max_length=120, blank=True, default="", help_text="Actor who proposed it, kind:id; never who published it."
    )

    columns_added_later: ClassVar[frozenset[str]] = frozenset({"authored_by"})

    class Meta:
        ordering = ["name", "-number"]
        constraints = [models.UniqueConstraint(fields=["name", "number"], name="policy_number_once")]

    def __str__(self) -> str:
        return f"{self.title} (edition {self.number})"

    @property
    def subject(self) -> str:
        return f"policy/{self.name}/{self.number}"


class PolicyDraft(Recorded):
    """An edition of a policy that somebody proposes and somebody else must approve.

    Created by: `propose_policy`.
    States: 1. open, 2. closed (a `PolicyDraftClosure` says how).
    Personal data: the reason may hold some; it is sealed under the author's key.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    name = models.CharField(max_length=60, db_index=True)
    title = models.CharField(max_length=200)
    text = models.TextField(help_text="The YAML document, verbatim.")
    sha256 = models.CharField(max_length=64, help_text="Digest of the text, hex.")
    sealed_reason = models.TextField(db_column="reason", blank=True, help_text="Encrypted under the author's key.")
    authored_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    proposed_at = models.DateTimeField(help_text="UTC.")

    reason = Sealed("sealed_reason", author="authored_by", purpose="policy")
    objects = SealedManager["PolicyDraft"]()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.title} (proposed)"

    @property
    def subject(self) -> str:
        return f"policy_draft/{self.uid}"


class DraftOutcome(models.TextChoices):
    PUBLISHED = "published"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class PolicyDraftClosure(Recorded):
    """How a proposal ended. Created by: `approve_policy`, `refuse_policy`, `withdraw_policy`. Once for a draft."""

    draft = models.OneToOneField(PolicyDraft, on_delete=models.PROTECT, related_name="closure")
    outcome = models.CharField(max_length=10, choices=DraftOutcome)
    edition = models.OneToOneField(PolicyVersion, on_delete=models.PROTECT, null=True, related_name="draft_closure")
    closed_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    closed_at = models.DateTimeField(help_text="UTC.")

    def __str__(self) -> str:
        return f"{self.draft}: {self.outcome}"
