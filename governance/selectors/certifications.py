"""How long does the certification of a version in production hold?

Nothing of it is stored: it follows from the last promotion into production, from what was raised since, and from the
policies that guard that move now. Whoever promotes the version again where it stands certifies it anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import QuerySet

from governance.models import ClosureOutcome, Promotion, RecertificationTrigger
from governance.policy_format import Recertification
from governance.selectors.policies import Move, PolicyInForce, Rules, covers_model, editions_in_force, narrowed
from registry.models import ModelVersion, VersionStage
from registry.selectors import list_versions
from registry.stages import Rollout, Stage

LIVE = (Stage.PRODUCTION, Stage.SUSPENDED)


class CertificationState(StrEnum):
    CERTIFIED = "certified"
    DUE = "due"
    OVERDUE = "overdue"
    SUSPENDED = "suspended"
    NOT_LIVE = "not_live"


@dataclass(frozen=True, slots=True)
class Term:
    """What one policy says: shown as due from a moment, overdue from another, and what follows then."""

    item: PolicyInForce
    due_at: datetime
    overdue_at: datetime
    consequence: str


@dataclass(frozen=True, slots=True)
class Certification:
    """How a version stands at a moment. Without terms no policy asks for re-certification.

    `triggers` were raised since the last promotion; only those that a policy names make anything due.
    """

    version: ModelVersion
    promotion: Promotion | None
    at: datetime
    terms: tuple[Term, ...] = ()
    triggers: tuple[RecertificationTrigger, ...] = ()

    @property
    def certified_at(self) -> datetime | None:
        return self.promotion.closure.closed_at if self.promotion else None

    @property
    def due_at(self) -> datetime | None:
        return min((term.due_at for term in self.terms), default=None)

    @property
    def overdue_at(self) -> datetime | None:
        return min((term.overdue_at for term in self.terms), default=None)

    @property
    def consequences(self) -> tuple[str, ...]:
        """What the policies that are overdue want (warn, block_moves, withdraw_alias), sorted."""
        return tuple(sorted({term.consequence for term in self.terms if term.overdue_at <= self.at}))

    @property
    def state(self) -> CertificationState:
        if self.version.position.stage == Stage.SUSPENDED:
            return CertificationState.SUSPENDED
        if self.version.position.stage != Stage.PRODUCTION:
            return CertificationState.NOT_LIVE
        if self.overdue_at and self.overdue_at <= self.at:
            return CertificationState.OVERDUE
        return CertificationState.DUE if self.due_at and self.due_at <= self.at else CertificationState.CERTIFIED


def is_asked_for(*, overdue: str = "") -> bool:
    """Return whether any policy in force asks for re-certification, with this consequence where one is given.

    One query, for those who ask every few seconds and mostly for nothing.
    """
    asked = [item.policy.recertification for item in editions_in_force()]
    return any(one is not None and overdue in {"", one.overdue} for one in asked)


def certification_of(version: ModelVersion, *, at: datetime) -> Certification:
    """Return how one version stands at a moment."""
    return certifications_of(list_versions().filter(pk=version.pk), at=at)[0]


def live_certifications(*, at: datetime) -> list[Certification]:
    """Return how every version in production stands, and every suspended one."""
    return certifications_of(list_versions().filter(position__stage__in=LIVE), at=at)


def certifications_of(versions: QuerySet[ModelVersion], *, at: datetime) -> list[Certification]:
    """Return how these versions stand at a moment, oldest first; the number of queries does not grow with theirs."""
    editions = editions_in_force()
    promotions = _last_promotions(versions)
    triggers: dict[int, list[RecertificationTrigger]] = defaultdict(list)
    for row in RecertificationTrigger.objects.filter(version__in=versions.values("pk")).order_by("id"):
        triggers[row.version_id].append(row)
    return [
        _certification(version, promotions.get(version.pk), triggers[version.pk], editions, at)
        for version in versions.order_by("id")
    ]


def _certification(
    version: ModelVersion,
    promotion: Promotion | None,
    triggers: Iterable[RecertificationTrigger],
    editions: Sequence[PolicyInForce],
    at: datetime,
) -> Certification:
    if promotion is None or version.position.stage not in LIVE:
        return Certification(version, promotion, at, triggers=tuple(triggers))
    since = promotion.closure.closed_at
    unanswered = tuple(row for row in triggers if row.raised_at > since)
    covering = Rules(tuple(item for item in editions if covers_model(item.policy, version.model)))
    rules = narrowed(covering, _standing(promotion, version.position))
    terms = tuple(
        _term(item, item.policy.recertification, since, unanswered)
        for item in rules.items
        if item.policy.recertification
    )
    return Certification(version, promotion, at, terms, unanswered)


def _term(
    item: PolicyInForce, asked: Recertification, since: datetime, triggers: Iterable[RecertificationTrigger]
) -> Term:
    overdue_at = since + timedelta(days=asked.every_days)
    # A notice longer than the period would make it due before it was certified.
    due_at = max(since, overdue_at - timedelta(days=asked.notice_days))
    first = min((row.raised_at for row in triggers if row.kind in asked.triggers), default=None)
    if first:
        due_at = min(due_at, first)
        overdue_at = min(overdue_at, first + timedelta(days=asked.grace_days))
    return Term(item, due_at, overdue_at, asked.overdue)


def _standing(promotion: Promotion, position: VersionStage) -> Move:
    """Return the move that would certify the version anew: to where it stands, under the name it was promoted for."""
    # A suspended version stands in no step of production: the whole way back is what it would ask for.
    rollout = position.rollout or promotion.rollout or Rollout.FULL
    return Move(Stage.PRODUCTION, promotion.alias, rollout, position.percent)


def _last_promotions(versions: QuerySet[ModelVersion]) -> Mapping[int, Promotion]:
    rows = Promotion.objects.filter(
        version__in=versions.values("pk"), target=Stage.PRODUCTION, closure__outcome=ClosureOutcome.PROMOTED
    )
    return {row.version_id: row for row in rows.select_related("closure").order_by("closure__id")}
