"""What does a yes depend on, and which yes is none any more?"""

from django.db import models

from audits.trail import Recorded, Sealed, SealedManager
from governance.models.promotions import Approval


class Condition(Recorded):
    """Something an approver wants done after the yes: who does it, and by when. Overdue, it revokes the approval.

    Created by: `approve_promotion`.
    States, computed: 1. open, 2. met (a `ConditionFulfilment` exists), 3. overdue (`due_at` has passed before it was).
    Personal data: the text may hold some; it is sealed under the approver's key.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="conditions")
    sealed_text = models.TextField(db_column="text", help_text="What must be done, encrypted under the author's key.")
    owner = models.CharField(max_length=120, help_text="Who must do it, kind:id.")
    set_by = models.CharField(max_length=120, help_text="The approver, kind:id.")
    set_at = models.DateTimeField(help_text="UTC.")
    due_at = models.DateTimeField(help_text="UTC.")

    text = Sealed("sealed_text", author="set_by", purpose="condition")
    objects = SealedManager["Condition"]()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(due_at__gt=models.F("set_at")), name="condition_leaves_time")
        ]

    def __str__(self) -> str:
        return f"condition of {self.approval}"

    @property
    def subject(self) -> str:
        return f"condition/{self.uid}"


class ConditionFulfilment(Recorded):
    """An approver saw that a condition is met. Created by: `fulfil_condition`.

    Personal data: the note may hold some; it is sealed under the key of who saw it.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    condition = models.OneToOneField(Condition, on_delete=models.PROTECT, related_name="fulfilment")
    sealed_note = models.TextField(db_column="note", help_text="What was seen, encrypted under that person's key.")
    met_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    met_at = models.DateTimeField(help_text="UTC.")

    note = Sealed("sealed_note", author="met_by", purpose="condition")
    objects = SealedManager["ConditionFulfilment"]()

    def __str__(self) -> str:
        return f"{self.condition} met"


class ApprovalLapse(Recorded):
    """An approval that counted counts no more, because artifact, evidence or policies differ from what was approved.

    Created by: the settlement, once for an approval; the approver is told.
    """

    approval = models.OneToOneField(Approval, on_delete=models.PROTECT, related_name="lapse")
    because = models.CharField(max_length=40, help_text="What changed: artifact, evidence, policies, or several.")
    lapsed_at = models.DateTimeField(help_text="UTC.")

    def __str__(self) -> str:
        return f"{self.approval} lapsed"
