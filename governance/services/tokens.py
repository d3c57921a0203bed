"""How does a program prove who it is?"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import CharField, DateTimeField, Q, QuerySet

from audits.prepared import Given, Prepared
from audits.trail import Actor, ActorKind, Recording, now, record
from governance.errors import Malformed, NotEntitled, ScopeTooWide, TokenEnded
from governance.models import AccessToken, Account, AccountKind, TokenRevocation, TokenRotation
from governance.roles import Verb
from governance.scopes import NAMES, TARGETS, Scope, scope
from governance.services.authority import authorise, authorise_operator_or_shell, is_allowed

MAX_DAYS, USUAL_DAYS = 366, 90
MAX_GRACE = timedelta(days=7)


def scope_of(token: AccessToken) -> Scope:
    """Return what a token may be used for, as far as the roles of its account allow it."""
    return scope(verbs=token.scopes, models=token.model_names, targets=token.targets)


def issue_token(
    *,
    actor: Actor,
    account: Account,
    name: str,
    scopes: Iterable[Verb],
    days: int | None = None,
    models: Iterable[str] = (),
    targets: Iterable[str] = (),
    by: AccessToken | None = None,
) -> tuple[AccessToken, str]:
    """Issue a token and return it with its text, which is shown this once and kept only as a hash.

    People issue tokens for themselves; whoever administers, for service accounts too. `by` is the token through which
    the actor speaks, if any. A token never carries more than the account's roles, what the actor holds, and `by`;
    without `days` it lives 90, or as long as `by`.
    Records: token.issued.
    Raises: NotEntitled, ScopeTooWide, Malformed for a lifetime outside 1 to 366 days or names that no model can have.
    """
    _authorise_for(actor, account)
    wanted = scope(verbs=set(scopes), models=models, targets=targets)
    _refuse_malformed(wanted, USUAL_DAYS if days is None else days)
    at = now()
    expires_at = at + timedelta(days=USUAL_DAYS if days is None else days)
    if by and days is None:
        expires_at = min(expires_at, by.expires_at)
    _refuse_beyond(actor, account, wanted, by)
    if by and expires_at > by.expires_at:
        raise ScopeTooWide(f"The token would outlive the one that asks for it, which ends {by.expires_at:%d %B %Y}.")
    with record(actor=actor, at=at) as recording:
        return _issued(recording, account, name, wanted, expires_at)


def rotate_token(
    *, actor: Actor, token: AccessToken, grace: timedelta, by: AccessToken | None = None
) -> tuple[AccessToken, str]:
    """Give a token a successor of the same scope and lifetime, and take the old one for `grace` (0 to 7 days) longer.

    A token may rotate itself. Records: token.issued, token.rotated.
    Raises: NotEntitled, ScopeTooWide when the roles no longer allow what it carries, TokenEnded, Malformed.
    """
    _authorise_for(actor, token.account)
    if not timedelta(0) <= grace <= MAX_GRACE:
        raise Malformed(f"The old token is taken 0 to {MAX_GRACE.days * 24} hours longer.", field="grace_hours")
    wanted = scope_of(token)
    _refuse_beyond(actor, token.account, wanted, None if by == token else by)
    at = now()
    with record(actor=actor, at=at) as recording:
        token = AccessToken.objects.select_for_update(of=("self",)).select_related("account").get(pk=token.pk)
        if TokenRotation.objects.filter(token=token).exists() or not valid_tokens(at).filter(pk=token.pk).exists():
            raise TokenEnded(f"The token {token.prefix} has ended or has a successor; issue a new one.")
        expires_at = at + (token.expires_at - token.issued_at)
        if by and by != token:
            expires_at = min(expires_at, by.expires_at)
        successor, text = _issued(recording, token.account, token.name, wanted, expires_at)
        ends_at = min(at + grace, token.expires_at)
        rotation = TokenRotation(token=token, successor=successor, rotated_at=at, ends_at=ends_at)
        data = {"prefix": token.prefix, "successor": successor.prefix, "ends_at": ends_at.isoformat()}
        recording.create(rotation, action="token.rotated", subject=f"account/{token.account.uid}", data=data)
    return successor, text


def revoke_token(*, actor: Actor, token: AccessToken) -> TokenRevocation:
    """End a token at once; its holder and whoever administers may.

    Records: token.revoked. Raises: NotEntitled. Idempotent: by token.
    """
    if actor != token.account.actor:
        authorise_operator_or_shell(actor, Verb.ADMINISTER)
    at = now()
    with record(actor=actor, at=at) as recording:
        AccessToken.objects.select_for_update().get(pk=token.pk)
        known = TokenRevocation.objects.filter(token=token).first()
        if known:
            return known
        revocation = TokenRevocation(token=token, revoked_at=at)
        subject = f"account/{token.account.uid}"
        return recording.create(revocation, action="token.revoked", subject=subject, data={"prefix": token.prefix})


def find_token(text: str) -> AccessToken | None:
    """Return the valid token with this text, or None when it is unknown, expired, followed by another or revoked."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != "csn":
        return None
    token = _TAKEN.first(prefix=parts[1], at=now())
    # The secret has 256 random bits: one round of SHA-256 cannot be searched, and the comparison leaks no time.
    if token and secrets.compare_digest(token.secret_sha256, _digest(text)):
        return token
    return None


_TAKEN = Prepared(
    lambda: (
        valid_tokens(Given("at", DateTimeField()))
        .select_related("account")
        .filter(prefix=Given("prefix", CharField()), account__is_active=True)
    )
)


def valid_tokens(at: datetime | Given) -> QuerySet[AccessToken]:
    """Return the tokens that are taken at that moment."""
    followed = Q(rotation__isnull=False, rotation__ends_at__lte=at)
    return AccessToken.objects.filter(revocation__isnull=True, expires_at__gt=at).exclude(followed)


def _authorise_for(actor: Actor, account: Account) -> None:
    if actor == account.actor:
        authorise(actor, Verb.ISSUE_TOKENS)
    else:
        authorise_operator_or_shell(actor, Verb.ADMINISTER)
        if actor.kind is not ActorKind.PROCESS and account.kind != AccountKind.PIPELINE:
            raise NotEntitled("A person's tokens are issued by that person; name a service account, or nobody.")


def _refuse_malformed(wanted: Scope, days: int) -> None:
    if not 1 <= days <= MAX_DAYS:
        raise Malformed(f"A token lives 1 to {MAX_DAYS} days, not {days}.", field="days")
    for names in sorted(wanted.models):
        if not NAMES.fullmatch(names):
            raise Malformed(f"{names!r} is no name of a model, nor how names begin, such as credit-*.", field="models")
    for target in sorted(wanted.targets - set(TARGETS)):
        raise Malformed(f"There is no target {target!r}; there are {', '.join(TARGETS)}.", field="targets")


def _refuse_beyond(actor: Actor, account: Account, wanted: Scope, by: AccessToken | None) -> None:
    beyond = _not_allowed(account, wanted)
    if beyond or not wanted.verbs:
        raise ScopeTooWide(f"The account's roles do not allow: {', '.join(beyond) or 'nothing was asked for'}.")
    if actor.kind is not ActorKind.PROCESS and actor != account.actor:
        creator = Account.objects.get(uid=actor.id)
        if beyond := _not_allowed(creator, wanted):
            raise ScopeTooWide(f"You do not hold yourself what you would give away: {', '.join(beyond)}.")
    if by and (beyond := scope_of(by).beyond(wanted)):
        raise ScopeTooWide(f"The token that asks for it does not carry: {', '.join(beyond)}.")


def _not_allowed(account: Account, wanted: Scope) -> list[str]:
    return sorted(verb for verb in wanted.verbs if not is_allowed(account, Verb(verb)))


def _issued(
    recording: Recording, account: Account, name: str, carried: Scope, expires_at: datetime
) -> tuple[AccessToken, str]:
    prefix = secrets.token_hex(4)
    text = f"csn_{prefix}_{secrets.token_urlsafe(32)}"
    token = AccessToken(
        account=account,
        name=name,
        prefix=prefix,
        secret_sha256=_digest(text),
        scopes=sorted(carried.verbs),
        issued_at=recording.at,
        expires_at=expires_at,
        model_names=sorted(carried.models),
        targets=sorted(carried.targets),
    )
    data = {"prefix": prefix, "scopes": token.scopes}
    data |= {"models": token.model_names} if carried.models else {}
    data |= {"targets": token.targets} if carried.targets else {}
    recording.create(token, action="token.issued", subject=f"account/{account.uid}", data=data)
    return token, text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
