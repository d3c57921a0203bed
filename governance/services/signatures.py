"""Is it really this person who signs, and now?"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.views.decorators.debug import sensitive_variables

from audits.trail import Actor, Entry, now, record
from governance.errors import SignatureRefused
from governance.models import Account
from governance.policy_format import Policy

# Wrong passwords within the window before no more are tried; the entries themselves are the count.
MOST_WRONG: Final = 5
WINDOW: Final = timedelta(minutes=15)


@sensitive_variables("password")
def reauthenticate(*, actor: Actor, password: str) -> datetime:
    """Check a person's password at the moment of signing, and return that moment. The password is kept nowhere.

    Records: signature.refused when it is wrong.
    Raises: SignatureRefused, also untried after five wrong ones within fifteen minutes.
    Locks: the account, so that guesses made at once queue up.
    """
    with record(actor=actor, at=now()) as recording:
        account = Account.objects.select_for_update().get(uid=actor.id)
        if not account.has_usable_password():
            raise SignatureRefused("You have no password to sign with; ask an operator for an account that has one.")
        wrong = Entry.objects.filter(
            actor=str(actor), action="signature.refused", recorded_at__gt=recording.at - WINDOW
        )
        if wrong.count() >= MOST_WRONG:
            raise SignatureRefused("Too many wrong passwords; nothing was tried. Wait a quarter of an hour.")
        if account.check_password(password):
            return recording.at
        recording.note(action="signature.refused", subject=f"account/{account.uid}")
    raise SignatureRefused("The password is wrong, so nothing was signed. The attempt is on record.")


@sensitive_variables("password")
def sign(*, actor: Actor, password: str) -> datetime | None:
    """Return when the password was checked, if one was given: in a transaction of its own, so that a guess stays.

    Records and raises: as `reauthenticate`.
    """
    return reauthenticate(actor=actor, password=password) if password else None


def refuse_unsigned(policies: Iterable[Policy], signed_at: datetime | None) -> None:
    """Return when nobody asks for the password, or it was given. Raises: SignatureRefused."""
    for policy in policies:
        if policy.sign_off.reauthenticate and signed_at is None:
            raise SignatureRefused(f"The policy {policy.name} asks for your password again when you sign.")


def told_of(signed_at: datetime | None) -> dict[str, str]:
    """Return what an entry says of the signature; nothing when there is none."""
    return {"signed": "password"} if signed_at else {}
