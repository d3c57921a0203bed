"""Who asked to move what, what did the gate say, and who approved?"""

from typing import ClassVar

from django.db import models

from audits.trail import DocumentField, Recorded, Sealed, SealedManager
from governance.gates import Outcome
from governance.models.policies import PolicyVersion
from registry.models import ModelVersion, RegisteredModel
from registry.stages import Rollout, Stage


class Promotion(Recorded):
    """The request to move a version to a stage, and all that follows from it.

    Into the stage it is in already, it is the next step of a rollout or a re-certification. Without a target, only the
    alias moves. The policies that judge it are those in force at each decision, which names them.
    Created by: `request_promotion`.
    States: 1. open (listed in `OpenPromotion`), 2. closed (a `PromotionClosure` says how).
    Personal data: the reason may hold some; it is sealed under the requester's key.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    target = models.CharField(max_length=12, choices=Stage, blank=True, help_text="Empty: only the alias moves.")
    alias = models.CharField(max_length=60, blank=True, help_text="Name that shall point at the version; may be empty.")
    policy = models.ForeignKey(
        PolicyVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="No longer written: one policy guarded a move before several could.",
    )
    sealed_reason = models.TextField(
        db_column="reason", blank=True, help_text="What the requester says, encrypted under the requester's key."
    )
    requested_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    requested_at = models.DateTimeField(help_text="UTC.")
    rollout = models.CharField(
        max_length=10, choices=Rollout, blank=True, default="", help_text="Step of production; empty outside it."
    )
    percent = models.PositiveSmallIntegerField(default=0, help_text="Of a canary: share of the traffic, 1 to 99.")
    replaces = models.BooleanField(default=False, help_text="Whether all others in the target retire once it moves.")

    columns_added_later: ClassVar[frozenset[str]] = frozenset({"rollout", "percent", "replaces"})

    reason = Sealed("sealed_reason", author="requested_by", purpose="promotion")
    objects = SealedManager["Promotion"]()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.version} to {self.target or '@' + self.alias}"

    @property
    def subject(self) -> str:
        return f"promotion/{self.uid}"


class ClosureOutcome(models.TextChoices):
    PROMOTED = "promoted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class PromotionClosure(Recorded):
    """How a promotion ended. Created by: the settlement, or `withdraw_promotion`. One for each promotion at most."""

    promotion = models.OneToOneField(Promotion, on_delete=models.PROTECT, related_name="closure")
    outcome = models.CharField(max_length=10, choices=ClosureOutcome)
    closed_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    closed_at = models.DateTimeField(help_text="UTC.")

    def __str__(self) -> str:
        return f"{self.promotion}: {self.outcome}"


class OpenPromotion(models.Model):
    """Projection: the promotions that are still open, at most one for a version and a target.

    Its row is what deciders lock. Rebuilt from promotions and closures by `verify_trail` and compared.
    """

    promotion = models.OneToOneField(Promotion, on_delete=models.PROTECT, primary_key=True, related_name="open")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="open_promotions")
    target = models.CharField(max_length=12, choices=Stage, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "target"], name="one_open_promotion")]

    def __str__(self) -> str:
        return str(self.promotion)


class GateDecisionRecord(Recorded):
    """What the gate answered at one moment. Created by: the settlement, whenever the answer differs from the last."""

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="decisions")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the promotion.")
    outcome = models.CharField(max_length=5, choices=[(outcome.value, outcome.value) for outcome in Outcome])
    reasons = DocumentField(help_text="One reason per requirement and approval factor: code, outcome, sentence.")
    decided_at = models.DateTimeField(help_text="UTC.")
    policies = DocumentField(default=list, help_text="Policies it was decided by: name, number and sha256 of each.")

    columns_added_later: ClassVar[frozenset[str]] = frozenset({"policies"})

    class Meta:
        ordering = ["promotion", "number"]
        constraints = [models.UniqueConstraint(fields=["promotion", "number"], name="decision_number_once")]

    def __str__(self) -> str:
        return f"{self.promotion}: {self.outcome}"


class ApprovalVerdict(models.TextChoices):
    APPROVE = "approve"
    REFUSE = "refuse"


class Approval(Recorded):
    """One person's yes or no, bound to the content that person saw.

    Created by: `approve_promotion`, `refuse_promotion`. A person speaks once on a promotion.
    States: 1. given. Whether it counts is computed: it lapses when artifact, evidence or policy differ.
    Personal data: the reason may hold some; it is sealed under the approver's key.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="approvals")
    approver = models.CharField(max_length=120, help_text="Actor, kind:id.")
    group = models.CharField(max_length=12, help_text="Group for which the person spoke.")
    verdict = models.CharField(max_length=8, choices=ApprovalVerdict)
    sealed_reason = models.TextField(db_column="reason", help_text="Encrypted under the approver's key.")
    artifact_sha256 = models.CharField(max_length=64)
    evidence_sha256 = models.CharField(max_length=64)
    policy_sha256 = models.CharField(max_length=64, help_text="Digest of the set of policies.")
    given_at = models.DateTimeField(help_text="UTC.")
    on_behalf_of = models.CharField(
        max_length=120, blank=True, default="", help_text="Who delegated the right to speak, kind:id; may be empty."
    )
    meaning = models.CharField(
        max_length=16,
        blank=True,
        default="",
        help_text="What the signature means: reviewed, approved, responsible_for.",
    )
    reauthenticated_at = models.DateTimeField(
        null=True, help_text="When the password was given again for this signature, UTC."
    )

    columns_added_later: ClassVar[frozenset[str]] = frozenset({"on_behalf_of", "meaning", "reauthenticated_at"})

    reason = Sealed("sealed_reason", author="approver", purpose="approval")
    objects = SealedManager["Approval"]()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["promotion", "approver"], name="one_word_per_person")]

    def __str__(self) -> str:
        return f"{self.promotion}: {self.verdict} for {self.group}"


class Rollback(Recorded):
    """An alias went back to a version that had been approved before.

    Created by: `roll_back`.
    Personal data: the reason may hold some; it is sealed under the key of who rolled back.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="rollbacks")
    alias = models.CharField(max_length=60)
    from_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    to_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    sealed_reason = models.TextField(db_column="reason", help_text="Encrypted under the key of who rolled back.")
    rolled_back_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    rolled_back_at = models.DateTimeField(help_text="UTC.")

    reason = Sealed("sealed_reason", author="rolled_back_by", purpose="rollback")
    objects = SealedManager["Rollback"]()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.model}@{self.alias}: {self.from_version.number} → {self.to_version.number}"

    @property
    def subject(self) -> str:
        return f"rollback/{self.uid}"
