"""May these bytes be deployed? What stands where it was approved to is allowed, all else denied with reasons."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from governance.gates import Outcome, Reason
from governance.models import Promotion
from governance.selectors.certifications import certification_of
from governance.selectors.standing import Standing, find_last_promotion, standing_of
from registry.models import ModelVersion, with_artifact
from registry.selectors import list_versions
from registry.stages import Rollout, Stage

NOT_THERE = {
    Stage.SUSPENDED: ("suspended", "was suspended"),
    Stage.RETIRED: ("retired", "is retired"),
}


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer about one digest, at one moment; `version` is None when the digest is unknown."""

    sha256: str
    target: Stage
    alias: str
    at: datetime
    version: ModelVersion | None
    standing: Standing | None
    objections: tuple[Reason, ...]

    @property
    def allowed(self) -> bool:
        return not self.objections


def admission_of(*, sha256: str, target: Stage, alias: str = "", model: str = "", at: datetime) -> Admission:
    """Return whether an artifact may be deployed to a stage, under an alias if one is named.

    The same bytes may be versions of several models: one that is allowed is enough, unless `model` names which.
    """
    versions = list_versions().filter(with_artifact([sha256])).order_by("-id")
    if model:
        versions = versions.filter(model__name=model)
    answers = [_about(version, target, alias, at) for version in versions]
    if not answers:
        unknown = _objection("unknown_artifact", "artifact", "No version has this artifact, or it was deleted.")
        return Admission(sha256, target, alias, at, None, None, (unknown,))
    # Of several that are denied, the one with the least against it tells most.
    return min(answers, key=lambda answer: len(answer.objections))


def _about(version: ModelVersion, target: Stage, alias: str, at: datetime) -> Admission:
    promotion = find_last_promotion(version, target=target)
    standing = standing_of(promotion, at=at) if promotion else None
    objections = tuple(_objections(version, target, alias, standing, at))
    return Admission(version.artifact_sha256, target, alias, at, version, standing, objections)


def _objections(
    version: ModelVersion, target: Stage, alias: str, standing: Standing | None, at: datetime
) -> Iterator[Reason]:
    position = version.position
    if position.stage != target:
        code, is_not = NOT_THERE.get(Stage(position.stage), ("not_live", f"stands in {position.stage}"))
        yield _objection(code, "stage", f"{version} {is_not}.")
        return
    if standing is None:
        yield _objection("not_promoted", "stage", f"{version} stands in {target} without a promotion.")
        return
    yield from standing.objections
    if alias and not _has_name(version, alias, standing.promotion):
        yield _objection("alias_elsewhere", "alias", f"{version.model.name}@{alias} does not point at {version}.")
    if target == Stage.PRODUCTION:
        yield from _overdue(version, at)


def _has_name(version: ModelVersion, alias: str, promotion: Promotion) -> bool:
    """Return whether the alias points at the version, or will once the rollout that is under way is full."""
    in_part = version.position.rollout not in {"", Rollout.FULL}
    return alias in {row.alias for row in version.aliases.all()} or (in_part and promotion.alias == alias)


def _overdue(version: ModelVersion, at: datetime) -> Iterator[Reason]:
    """Yield a reason per policy in force that wants a version withdrawn which was not certified anew in time."""
    for term in certification_of(version, at=at).terms:
        if term.consequence == "withdraw_alias" and at > term.overdue_at:
            sentence = f"Re-certification was due on {term.overdue_at:%-d %B %Y}."
            yield _objection("recertification_overdue", "recertification", sentence, term.item.policy.name)


def _objection(code: str, requirement: str, sentence: str, policy: str = "") -> Reason:
    return Reason(code, requirement, Outcome.BLOCK, sentence, policy=policy)
