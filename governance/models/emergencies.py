"""Who went past the policies in an emergency, and what came of it?"""

from django.db import models

from audits.trail import DocumentField, Recorded, Sealed, SealedManager
from governance.models.promotions import Promotion


class BreakGlass(Recorded):
    """Somebody asked to let an open promotion through although the gate does not.

    Created by: `invoke_break_glass`.
    States: 1. invoked, 2. confirmed by a second person (a `BreakGlassConfirmation` exists), 3. reviewed.
    Personal data: the reason may hold some; it is sealed under the key of who invoked it.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    promotion = models.OneToOneField(Promotion, on_delete=models.PROTECT, related_name="break_glass")
    sealed_reason = models.TextField(db_column="reason", help_text="Encrypted under the key of who invoked it.")
    invoked_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    invoked_at = models.DateTimeField(help_text="UTC.")

    reason = Sealed("sealed_reason", author="invoked_by", purpose="break_glass")
    objects = SealedManager["BreakGlass"]()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"break-glass for {self.promotion}"

    @property
    def subject(self) -> str:
        return f"break_glass/{self.uid}"


class BreakGlassConfirmation(Recorded):
    """A second person agreed, and the version moved. Created by: `confirm_break_glass`."""

    break_glass = models.OneToOneField(BreakGlass, on_delete=models.PROTECT, related_name="confirmation")
    confirmed_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    confirmed_at = models.DateTimeField(help_text="UTC.")
    skipped = DocumentField(help_text="What the gate would have answered: the reasons that were gone past.")
    review_due_at = models.DateTimeField(help_text="UTC; 72 hours later.")

    def __str__(self) -> str:
        return f"{self.break_glass} confirmed"


class BreakGlassVerdict(models.TextChoices):
    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"


class BreakGlassReview(Recorded):
    """Somebody who was neither of the two looked back at a break-glass.

    Created by: `review_break_glass`.
    Personal data: the reason may hold some; it is sealed under the reviewer's key.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    break_glass = models.OneToOneField(BreakGlass, on_delete=models.PROTECT, related_name="review")
    verdict = models.CharField(max_length=14, choices=BreakGlassVerdict)
    sealed_reason = models.TextField(db_column="reason", help_text="Encrypted under the reviewer's key.")
    reviewed_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    reviewed_at = models.DateTimeField(help_text="UTC.")

    reason = Sealed("sealed_reason", author="reviewed_by", purpose="break_glass_review")
    objects = SealedManager["BreakGlassReview"]()

    def __str__(self) -> str:
        return f"{self.break_glass}: {self.verdict}"
