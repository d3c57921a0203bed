"""Who can sign in or hold a token, and what may they do?"""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from audits.trail import Actor, ActorKind, DocumentField, Recorded
from governance.roles import Group, Role


class AccountKind(models.TextChoices):
    PERSON = "person"
    PIPELINE = "pipeline"


class AccountManager(BaseUserManager["Account"]):
    """Django's login looks accounts up through this; creating one is `create_account`."""

    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(login=username)


class Account(AbstractBaseUser):
    """A person who signs in, or a pipeline that holds tokens.

    Created by: `create_account`, which leaves an entry. The row itself is operational and may be erased: entries
    name the `uid` only.
    States: 1. active, 2. inactive (`is_active`).
    Personal data: yes (login, display name).
    """

    uid = models.UUIDField(
        unique=True, default=uuid.uuid4, editable=False, help_text="Stands in the trail; never reused."
    )
    kind = models.CharField(max_length=8, choices=AccountKind)
    login = models.CharField(max_length=150, unique=True)
    display_name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(help_text="UTC.")

    objects = AccountManager()

    USERNAME_FIELD = "login"

    def __str__(self) -> str:
        return self.display_name

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind(self.kind), str(self.uid))

    # What Django's admin asks. There is no superuser: rights come from roles, and the admin's own forms change
    # nothing, so being able to look is all that a permission of Django's can mean here.

    @property
    def is_staff(self) -> bool:
        return self.kind == AccountKind.PERSON and self.is_active and bool(self.roles())

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_staff and perm.split(".")[-1].startswith("view_")

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff

    def roles(self) -> set[Role]:
        """Return the roles this account holds now."""
        held = self.role_grants.filter(revocation__isnull=True)
        return {Role(role) for role in held.values_list("role", flat=True)}

    def groups_reviewed_for(self) -> set[Group]:
        """Return the groups for which this account may review now."""
        held = self.role_grants.filter(revocation__isnull=True, role=Role.REVIEWER)
        return {Group(group) for group in held.values_list("group", flat=True)}


class RoleGrant(Recorded):
    """An account got a role.

    Created by: `grant_role`.
    States: 1. held, 2. revoked (a `RoleRevocation` exists).
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="role_grants")
    role = models.CharField(max_length=12, choices=[(role.value, role.value) for role in Role])
    group = models.CharField(max_length=12, blank=True, help_text="For reviewers: risk or compliance.")
    granted_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    granted_at = models.DateTimeField(help_text="UTC.")

    def __str__(self) -> str:
        return f"{self.account}: {self.role} {self.group}".strip()


class RoleRevocation(Recorded):
    """An account lost a role. Created by: `revoke_role`."""

    grant = models.OneToOneField(RoleGrant, on_delete=models.PROTECT, related_name="revocation")
    revoked_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    revoked_at = models.DateTimeField(help_text="UTC.")

    def __str__(self) -> str:
        return f"{self.grant} revoked"


class AccessToken(Recorded):
    """A key to the API: shown once, kept as a hash, scoped, with an end.

    Created by: `issue_token`.
    States: 1. valid, 2. rotated (a `TokenRotation` says until when it is still taken), 3. expired (`expires_at` has
    passed), 4. revoked (a `TokenRevocation` exists).
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=120, help_text="What it is for.")
    prefix = models.CharField(max_length=12, unique=True, help_text="The part that may be shown.")
    secret_sha256 = models.CharField(max_length=64, help_text="SHA-256 of the whole token, hex.")
    scopes = DocumentField(help_text="Verbs it may be used for, sorted.")
    issued_at = models.DateTimeField(help_text="UTC.")
    expires_at = models.DateTimeField(help_text="UTC.")
    model_names = DocumentField(
        default=list, help_text="Names of models it reaches, credit-* for all that begin so; [] for all."
    )
    targets = DocumentField(default=list, help_text="Stages it may act for (staging, production); [] for all.")

    columns_added_later: ClassVar[frozenset[str]] = frozenset({"model_names", "targets"})

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"


class TokenRotation(Recorded):
    """A token got a successor, and is taken for a while longer. Created by: `rotate_token`."""

    token = models.OneToOneField(AccessToken, on_delete=models.PROTECT, related_name="rotation")
    successor = models.OneToOneField(AccessToken, on_delete=models.PROTECT, related_name="+")
    rotated_at = models.DateTimeField(help_text="UTC.")
    ends_at = models.DateTimeField(help_text="Until when the old one is taken, UTC.")

    def __str__(self) -> str:
        return f"{self.token} followed by {self.successor}"


class TokenRevocation(Recorded):
    """A token stopped working before its end. Created by: `revoke_token`."""

    token = models.OneToOneField(AccessToken, on_delete=models.PROTECT, related_name="revocation")
    revoked_at = models.DateTimeField(help_text="UTC.")

    def __str__(self) -> str:
        return f"{self.token} revoked"
