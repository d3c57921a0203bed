"""What has run out, and is not on record yet?

A source tells the deadlines of one kind that lie before a moment. It may tell too many: what is noted already is left
out here. To watch over another kind of deadline, write a source and add it to `SOURCES`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db.models import CharField, Exists, Func, Model, OuterRef, QuerySet, Value
from django.db.models.functions import Concat

from governance.models import (
    Account,
    Approval,
    ApprovalVerdict,
    BreakGlassConfirmation,
    ClosureOutcome,
    Condition,
    DeadlineKind,
    DeadlinePassed,
    Delegation,
    Promotion,
    Waiver,
)
from governance.roles import ALLOWED, Verb
from governance.selectors.certifications import CertificationState, is_asked_for, live_certifications
from governance.selectors.policies import PolicyInForce, Rules, covers_model, editions_in_force, move_of, narrowed
from registry.models import ModelVersion
from registry.stages import Stage

REMINDER_AFTER: Final = timedelta(hours=24)

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Deadline:
    """One thing that has run out: when, and who is told in which sentence.

    `about` is the subject of what had the deadline, such as waiver/uid. `reminder` counts from 0, the first time.
    `people` are actors, kind:id. Open promotions of the version are judged anew once it is noted.
    """

    kind: DeadlineKind
    about: str
    version: ModelVersion | None
    due_at: datetime
    sentence: str
    people: frozenset[str]
    reminder: int = 0

    @property
    def subject(self) -> str:
        """Subject of the entry."""
        return self.version.subject if self.version else self.about


# Given a moment, the deadlines of one kind that have passed by then.
Source = Callable[[datetime], Iterable[Deadline]]


def deadlines_to_note(at: datetime) -> Iterator[Deadline]:
    """Yield what has run out by a moment and was not noted, of each kind the earliest first."""
    for source in SOURCES:
        passed = sorted(source(at), key=lambda deadline: deadline.due_at)
        if passed:
            rows = DeadlinePassed.objects.filter(about__in={deadline.about for deadline in passed})
            noted = set(rows.values_list("kind", "about", "due_at", "reminder"))
            yield from (one for one in passed if (one.kind.value, one.about, one.due_at, one.reminder) not in noted)


def not_noted(rows: QuerySet[Row], kind: DeadlineKind, prefix: str) -> QuerySet[Row]:
    """Return the rows without a note of this kind about `prefix/uid`: one look into an index for each row."""
    about = Concat(Value(f"{prefix}/"), _UidText(OuterRef("uid")), output_field=CharField())
    return rows.exclude(Exists(DeadlinePassed.objects.filter(kind=kind, about=about)))


def people_of(version: ModelVersion) -> frozenset[str]:
    """Return who registered a version and who owns its model."""
    return frozenset({version.registered_by, version.model.owner})


def written(moment: datetime) -> str:
    """Return a moment as the sentences of notices say it."""
    return f"{moment:%-d %B %Y, %H:%M} UTC"


class _UidText(Func):
    """A uid as subjects write it, with dashes, which SQLite keeps without."""

    template = "(%(expressions)s)::text"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        parts = ("1, 8", "9, 4", "13, 4", "17, 4", "21, 12")
        template = " || '-' || ".join(f"substr(%(expressions)s, {part})" for part in parts)
        return self.as_sql(compiler, connection, template=f"({template})", **context)


def _waivers(at: datetime) -> Iterator[Deadline]:
    """Waivers that have expired and were not revoked before."""
    rows = Waiver.objects.filter(expires_at__lte=at, revocation__isnull=True).select_related("version__model")
    for row in not_noted(rows, DeadlineKind.WAIVER, "waiver"):
        what = f"{row.policy}/{row.requirement} for {row.version}"
        yield Deadline(
            kind=DeadlineKind.WAIVER,
            about=row.subject,
            version=row.version,
            due_at=row.expires_at,
            sentence=f"The waiver of {what} ended on {written(row.expires_at)}.",
            people=people_of(row.version) | {row.granted_by} | _approvers(row.version, row.target),
        )


def _conditions(at: datetime) -> Iterator[Deadline]:
    """Conditions that are not met in time, of approvals that still matter."""
    rows = Condition.objects.filter(due_at__lt=at, fulfilment__isnull=True)
    rows = rows.exclude(
        approval__promotion__closure__outcome__in=[ClosureOutcome.REFUSED, ClosureOutcome.WITHDRAWN]
    ).select_related("approval__promotion__version__model")
    for row in not_noted(rows, DeadlineKind.CONDITION, "condition"):
        approval = row.approval
        promotion = approval.promotion
        yield Deadline(
            kind=DeadlineKind.CONDITION,
            about=row.subject,
            version=promotion.version,
            due_at=row.due_at,
            sentence=(
                f"A condition of the approval of {promotion} for {approval.group} was due on {written(row.due_at)} "
                "and is not met; the approval counts no more."
            ),
            people=people_of(promotion.version)
            | {row.owner, row.set_by, approval.on_behalf_of, promotion.requested_by},
        )


def _reviews(at: datetime) -> Iterator[Deadline]:
    """Emergencies that nobody has looked back at in time: once, and again every 24 hours until somebody does."""
    rows = BreakGlassConfirmation.objects.filter(review_due_at__lte=at, break_glass__review__isnull=True)
    for row in rows.select_related("break_glass__promotion__version__model"):
        emergency = row.break_glass
        promotion = emergency.promotion
        involved = frozenset({emergency.invoked_by, row.confirmed_by})
        yield Deadline(
            kind=DeadlineKind.BREAK_GLASS_REVIEW,
            about=emergency.subject,
            version=promotion.version,
            due_at=row.review_due_at,
            sentence=(
                f"The break-glass for {promotion} was to be reviewed by {written(row.review_due_at)}; "
                "somebody who neither invoked nor confirmed it must look back at it."
            ),
            people=people_of(promotion.version) | involved | _people_who_may(Verb.BREAK_GLASS),
            # What nobody noted while no dispatcher ran is not made up for: the newest reminder is enough.
            reminder=(at - row.review_due_at) // REMINDER_AFTER,
        )


def _approvals(at: datetime) -> Iterator[Deadline]:
    """Approvals of open promotions that are older than a policy in force accepts."""
    limited = [item for item in editions_in_force() if item.policy.approval_days is not None]
    if not limited:
        return
    shortest = min(item.policy.approval_days or 0 for item in limited)
    rows = Approval.objects.filter(
        verdict=ApprovalVerdict.APPROVE,
        given_at__lt=at - timedelta(days=shortest),
        lapse__isnull=True,
        promotion__open__isnull=False,
    ).select_related("promotion__version__model")
    for row in rows:
        for days in sorted(_lifetimes(row.promotion, limited)):
            due_at = row.given_at + timedelta(days=days)
            if due_at < at:
                yield Deadline(
                    kind=DeadlineKind.APPROVAL,
                    about=f"approval/{row.uid}",
                    version=row.promotion.version,
                    due_at=due_at,
                    sentence=(
                        f"The approval of {row.promotion} for {row.group} ended on {written(due_at)}: "
                        f"the policy accepts approvals of {days} days."
                    ),
                    people=people_of(row.promotion.version)
                    | {row.approver, row.on_behalf_of, row.promotion.requested_by},
                )


def _recertifications(at: datetime) -> Iterator[Deadline]:
    """Versions in production that are due to be certified anew, and those that are overdue."""
    for one in live_certifications(at=at) if is_asked_for() else ():
        version = one.version
        people = people_of(version) | ({one.promotion.requested_by} if one.promotion else set())
        if (
            one.state not in {CertificationState.DUE, CertificationState.OVERDUE}
            or not one.due_at
            or not one.overdue_at
        ):
            continue
        yield Deadline(
            kind=DeadlineKind.RECERTIFICATION_DUE,
            about=version.subject,
            version=version,
            due_at=one.due_at,
            sentence=f"{version} is due for re-certification; it is overdue from {written(one.overdue_at)}.",
            people=people,
        )
        if one.state == CertificationState.OVERDUE:
            yield Deadline(
                kind=DeadlineKind.RECERTIFICATION,
                about=version.subject,
                version=version,
                due_at=one.overdue_at,
                sentence=f"The re-certification of {version} is overdue since {written(one.overdue_at)}.",
                people=people | _approvers(version, Stage.PRODUCTION),
            )


def _delegations(at: datetime) -> Iterator[Deadline]:
    """Delegations that have ended by themselves; both sides hear of it."""
    rows = Delegation.objects.filter(ends_at__lte=at, revocation__isnull=True).select_related("delegator", "delegate")
    for row in not_noted(rows, DeadlineKind.DELEGATION, "delegation"):
        yield Deadline(
            kind=DeadlineKind.DELEGATION,
            about=row.subject,
            version=None,
            due_at=row.ends_at,
            # Names stand in accounts alone, where they can be erased.
            sentence=(
                f"The delegation to speak for {row.group} in somebody else's place ended on {written(row.ends_at)}; "
                "what was said through it stays said."
            ),
            people=frozenset({str(row.delegator.actor), str(row.delegate.actor)}),
        )


def _lifetimes(promotion: Promotion, limited: Iterable[PolicyInForce]) -> set[int]:
    """Return how many days the policies that guard a promotion accept an approval."""
    covering = (item for item in limited if covers_model(item.policy, promotion.version.model))
    guarding = narrowed(Rules(tuple(covering)), move_of(promotion)).policies
    return {policy.approval_days for policy in guarding if policy.approval_days is not None}


def _approvers(version: ModelVersion, target: str) -> frozenset[str]:
    """Return who approved what is open, and what was promoted last: their word rests on what has run out."""
    promotions = Promotion.objects.filter(version=version, target=target)
    live = promotions.filter(closure__outcome=ClosureOutcome.PROMOTED).order_by("-id")[:1]
    ids = [*live.values_list("id", flat=True), *promotions.filter(open__isnull=False).values_list("id", flat=True)]
    approvals = Approval.objects.filter(promotion__in=ids, verdict=ApprovalVerdict.APPROVE)
    return frozenset(approvals.values_list("approver", flat=True))


def _people_who_may(verb: Verb) -> frozenset[str]:
    roles = [role for role, verbs in ALLOWED.items() if verb in verbs]
    held = Account.objects.filter(
        is_active=True, role_grants__role__in=roles, role_grants__revocation__isnull=True
    ).distinct()
    return frozenset(str(account.actor) for account in held)


SOURCES: tuple[Source, ...] = (_waivers, _conditions, _reviews, _approvals, _recertifications, _delegations)
