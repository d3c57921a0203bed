"""How do people and pipelines get in, and what may they do there?"""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Q

from audits.trail import Actor, now, record
from governance.errors import AccountExists, Malformed, UnknownAccount
from governance.models import Account, AccountKind, RoleGrant, RoleRevocation
from governance.roles import Group, Role, Verb
from governance.services.authority import authorise_operator_or_shell


def create_account(
    *,
    actor: Actor,
    login: str,
    display_name: str,
    kind: str = AccountKind.PERSON,
    password: str | None = None,
) -> Account:
    """Create an account without any role.

    Records: account.created (the uid, never the name). Raises: AccountExists, Malformed (password too weak).
    """
    authorise_operator_or_shell(actor, Verb.ADMINISTER)
    at = now()
    with record(actor=actor, at=at) as recording:
        if Account.objects.filter(login=login).exists():
            raise AccountExists(f"There is an account named {login!r} already.")
        account = Account(login=login, display_name=display_name, kind=kind, created_at=at)
        if password is None:
            account.set_unusable_password()
        else:
            _set_password(account, password)
        account.save(force_insert=True)
        recording.note(action="account.created", subject=f"account/{account.uid}", data={"kind": str(account.kind)})
    return account


def _set_password(account: Account, password: str) -> None:
    try:
        validate_password(password, account)
    except ValidationError as problem:
        raise Malformed(f"The password will not do: {' '.join(problem.messages)}", field="password") from None
    account.set_password(password)


def get_account(login: str) -> Account:
    """Return the account. Raises: UnknownAccount."""
    account = Account.objects.filter(login=login).first()
    if account is None:
        raise UnknownAccount(f"There is no account named {login!r}.")
    return account


def get_person(name: str) -> Account:
    """Return the active person with this login or uid. Raises: UnknownAccount."""
    is_named = Q(login=name)
    with suppress(ValueError):
        is_named |= Q(uid=UUID(name))
    person = Account.objects.filter(is_named, kind=AccountKind.PERSON, is_active=True).first()
    if person is None:
        raise UnknownAccount(f"There is no active person {name!r}.")
    return person


def grant_role(*, actor: Actor, account: Account, role: Role, group: Group | None = None) -> RoleGrant:
    """Give an account a role; a reviewer's role is for one group.

    Records: role.granted. Raises: Malformed. Idempotent: by account, role and group.
    """
    authorise_operator_or_shell(actor, Verb.ADMINISTER)
    if (role is Role.REVIEWER) != (group is not None):
        raise Malformed("A reviewer reviews for a group (risk or compliance); other roles have none.", field="group")
    at = now()
    with record(actor=actor, at=at) as recording:
        held = account.role_grants.filter(role=role, group=group or "", revocation__isnull=True).first()
        if held:
            return held
        grant = RoleGrant(
            account=account,
            role=role.value,
            group=group.value if group else "",
            granted_by=str(actor),
            granted_at=at,
        )
        data = {"role": grant.role, "group": grant.group}
        return recording.create(grant, action="role.granted", subject=f"account/{account.uid}", data=data)


def revoke_role(*, actor: Actor, grant: RoleGrant) -> RoleRevocation:
    """Take a role away. Records: role.revoked. Idempotent: by grant."""
    authorise_operator_or_shell(actor, Verb.ADMINISTER)
    at: datetime = now()
    with record(actor=actor, at=at) as recording:
        known = RoleRevocation.objects.filter(grant=grant).first()
        if known:
            return known
        revocation = RoleRevocation(grant=grant, revoked_by=str(actor), revoked_at=at)
        data = {"role": grant.role, "group": grant.group}
        return recording.create(revocation, action="role.revoked", subject=f"account/{grant.account.uid}", data=data)
