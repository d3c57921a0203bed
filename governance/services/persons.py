"""How is a person forgotten, so that the record stays whole?"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db.models import Q

from audits.trail import ERASED, Actor, SealedManager, destroy_keys, leaving_no_copy, now, record, sealed_text
from governance import models as kept
from governance.errors import Malformed
from governance.models import Account, IdempotencyKey, ReportExport
from governance.roles import Verb
from governance.services.authority import authorise_operator_or_shell

# The kinds of text a person can leave, each under a key of its own.
PURPOSES = tuple(
    sorted(
        {
            sealed_text(model).purpose
            for model in vars(kept).values()
            if isinstance(getattr(model, "objects", None), SealedManager)
        }
    )
)


class LegalBasis(StrEnum):
    """Why there is a duty to erase: the letters of GDPR article 17(1). The entry holds this word and no free text."""

    NO_LONGER_NECESSARY = "gdpr_17_1_a"
    CONSENT_WITHDRAWN = "gdpr_17_1_b"
    OBJECTION = "gdpr_17_1_c"
    UNLAWFUL = "gdpr_17_1_d"
    LEGAL_OBLIGATION = "gdpr_17_1_e"
    OTHER = "other"


class AskedBy(StrEnum):
    """Who asked for the erasure, as a word: a name would stand on the trail for ever."""

    PERSON = "person"
    AUTHORITY = "authority"
    HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure destroyed, and the reports made before it, which may still hold the name."""

    keys: tuple[UUID, ...]
    reports: tuple[UUID, ...]


def erase_person(
    *, actor: Actor, account: Account, basis: LegalBasis, asked_by: AskedBy, keep: Collection[str] = ()
) -> Erasure:
    """Blank an account and destroy the keys of what its holder wrote; every hash, proof and digest stays valid.

    `keep` names kinds of text (`PURPOSES`) that the law forbids to erase; a later call without it erases them too.
    The account can never be used again, and its approvals of open promotions count no more.
    Records: person.erased with basis, who asked, the destroyed keys and what was kept.
    Raises: NotEntitled, Malformed. Idempotent: by account, as long as there is nothing more to destroy.
    """
    authorise_operator_or_shell(actor, Verb.ADMINISTER)
    if unknown := sorted(set(keep) - set(PURPOSES)):
        raise Malformed(
            f"There is no kind of text named {unknown[0]!r}; there are {', '.join(PURPOSES)}.", field="keep"
        )
    at = now()
    erased = f"erased-{account.uid}"
    with leaving_no_copy(), record(actor=actor, at=at) as recording:
        account = Account.objects.select_for_update().get(pk=account.pk)
        keys = destroy_keys(actor=str(account.actor), at=at, keep=keep)
        if not keys and account.login == erased:
            return Erasure((), _reports_about(account))
        account.login, account.display_name = erased, ERASED
        account.is_active, account.last_login = False, None
        account.set_unusable_password()
        account.save()
        # Answers kept for replay repeat names and reasons, also those given to others.
        IdempotencyKey.objects.filter(Q(account=account) | Q(body__contains=str(account.uid))).delete()
        data = {
            "basis": basis.value,
            "asked_by": asked_by.value,
            "keys": [str(key) for key in keys],
            "kept": sorted(set(keep)),
        }
        recording.note(action="person.erased", subject=f"account/{account.uid}", data=data)
    return Erasure(tuple(keys), _reports_about(account))


def _reports_about(account: Account) -> tuple[UUID, ...]:
    """Return the reports kept about versions with which the person had to do; they are evidence and stay."""
    person = str(account.actor)
    about = ReportExport.objects.filter(
        Q(exported_by=person)
        | Q(version__registered_by=person)
        | Q(version__model__owner=person)
        | Q(version__promotions__requested_by=person)
        | Q(version__promotions__approvals__approver=person)
        | Q(version__promotions__approvals__on_behalf_of=person)
    )
    return tuple(about.order_by("uid").values_list("uid", flat=True).distinct())
