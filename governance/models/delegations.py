"""Who may speak for whom, and who has stepped aside?"""

from django.db import models

from audits.trail import Recorded, Sealed, SealedManager
from governance.models.accounts import Account
from governance.models.promotions import Promotion
from registry.models import RegisteredModel


class Delegation(Recorded):
    """A reviewer lets somebody else approve for one group, within a scope, from a time until a time.

    Created by: `delegate_review`. Never chains: the delegator holds the group by a role grant.
    States, computed: 1. to come, 2. running, 3. ended (`ends_at` has passed), 4. revoked.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    delegator = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="delegations_given")
    delegate = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="delegations_held")
    group = models.CharField(max_length=12, help_text="Group for which the delegate may speak.")
    model = models.ForeignKey(
        RegisteredModel, on_delete=models.PROTECT, null=True, related_name="+", help_text="Only this model; null: all."
    )
    starts_at = models.DateTimeField(help_text="UTC.")
    ends_at = models.DateTimeField(help_text="UTC.")
    delegated_by = models.CharField(max_length=120, help_text="Actor, kind:id: the delegator.")
    delegated_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="delegation_has_an_end"),
            models.CheckConstraint(
                condition=~models.Q(delegator=models.F("delegate")), name="nobody_delegates_to_themself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delegator} to {self.delegate} for {self.group}"

    @property
    def subject(self) -> str:
        return f"delegation/{self.uid}"


class DelegationRevocation(Recorded):
    """A delegation ended before its time. Created by: `revoke_delegation`."""

    delegation = models.OneToOneField(Delegation, on_delete=models.PROTECT, related_name="revocation")
    revoked_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    revoked_at = models.DateTimeField(help_text="UTC.")

    def __str__(self) -> str:
        return f"{self.delegation} revoked"


class Recusal(Recorded):
    """A reviewer stepped aside from one promotion: neither an earlier word counts nor a later one is taken.

    Created by: `recuse`.
    Personal data: the reason may hold some; it is sealed under the reviewer's key.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="recusals")
    person = models.CharField(max_length=120, help_text="Actor, kind:id.")
    sealed_reason = models.TextField(db_column="reason", help_text="Encrypted under the person's key.")
    recused_at = models.DateTimeField(help_text="UTC.")

    reason = Sealed("sealed_reason", author="person", purpose="recusal")
    objects = SealedManager["Recusal"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["promotion", "person"], name="one_recusal_per_person")]

    def __str__(self) -> str:
        return f"{self.person} stepped aside from {self.promotion}"
