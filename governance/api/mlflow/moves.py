"""What follows when a client sets an alias or a stage? The same gate as everywhere decides.

The request is taken and recorded; when the gate is closed, the client is told so after the commit, with every reason
and where it goes on. Sent again, it finds the same open request, or that the version has moved meanwhile.
"""

import re
from typing import Any, Final

from django.urls import reverse
from rest_framework.request import Request

from audits.trail import Actor
from governance.api.door import actor_of
from governance.api.mlflow.errors import GateClosed, InvalidParameter
from governance.api.mlflow.objects import STAGES
from governance.api.reach import Reach
from governance.errors import AliasGoverned
from governance.gates import Outcome
from governance.models import ClosureOutcome, Promotion, PromotionClosure
from governance.selectors.aliases import CHAMPION
from governance.selectors.policies import Move, rules_for
from governance.services.aliases import assign_alias
from governance.services.promotions import request_promotion
from governance.services.retirements import retire_version, suspend_version
from registry.errors import MoveImpossible
from registry.models import ModelVersion
from registry.stages import Rollout, Stage

TARGETS: Final = {"staging": Stage.STAGING, "production": Stage.PRODUCTION}
NAMES: Final = {name.lower(): name for name in ("None", "Staging", "Production", "Archived")}
# What a promotion can carry; a free alias may be longer.
LONGEST_GOVERNED = 60
_ALIAS = re.compile(r"[\w-]{1,255}")
_RESERVED = re.compile(r"(latest|v\d+)", re.IGNORECASE)


def aims_of_stage(said: object) -> tuple[str, ...]:
    """Return the targets that a stage in a request touches; whatever leaves a stage may leave any."""
    target = TARGETS.get(str(said).lower())
    return (target,) if target else tuple(TARGETS.values())


def aims_of_alias(said: object) -> tuple[str, ...]:
    """Return the targets that an alias in a request may touch."""
    return (Stage.PRODUCTION,) if said == CHAMPION else tuple(TARGETS.values())


OF_TRANSITION = Reach(said="name", target_said="stage", aims=aims_of_stage)


def stage_named(text: str) -> str:
    """Return a stage as MLflow writes it, whatever the case it came in. Raises: InvalidParameter."""
    name = NAMES.get(text.lower())
    if name is None:
        raise InvalidParameter(f"Invalid stage {text[:60]!r}; use one of {', '.join(NAMES.values())}.", field="stage")
    return name


def alias_named(text: str, *, to_set: bool = False) -> str:
    """Return an alias that a client names. Raises: InvalidParameter, for a reserved one only when it is to be set."""
    if not _ALIAS.fullmatch(text):
        raise InvalidParameter("An alias has 1 to 255 letters, digits, dashes or underscores.", field="alias")
    if to_set and _RESERVED.fullmatch(text):
        raise InvalidParameter(f"The alias {text!r} is reserved.", field="alias")
    return text


def move_to_stage(
    request: Request, version: ModelVersion, stage: str, *, replaces: bool = False, reason: str = ""
) -> None:
    """Let a version get to a stage, if the gate allows it. Raises: GateClosed, and what the use cases raise."""
    if replaces and stage.lower() not in TARGETS:
        raise InvalidParameter(
            f"Only Staging and Production replace the versions that are there, not {stage}.",
            field="archive_existing_versions",
        )
    position = version.position
    if stage == STAGES[position.stage] and (position.stage != Stage.PRODUCTION or position.rollout == Rollout.FULL):
        return
    actor = actor_of(request)
    if stage == "Archived":
        _archive(actor, version, reason or "Archived by a client of the registry.")
    elif stage == "None":
        raise MoveImpossible(f"{version} is in stage {position.stage}, and no version goes back to development.")
    else:
        target = TARGETS[stage.lower()]
        asked = request_promotion(
            actor=actor, version=version, target=target, alias="", reason=reason, replaces=replaces
        )
        refuse_unless_promoted(request, asked)


def _archive(actor: Actor, version: ModelVersion, reason: str) -> None:
    """From production it can come back through the gate, from anywhere else it is superseded for good."""
    take_out = suspend_version if version.position.stage == Stage.PRODUCTION else retire_version
    take_out(actor=actor, version=version, reason=reason)


def set_alias(request: Request, version: ModelVersion, alias: str) -> None:
    """Point an alias at a version: a free one at once, a governed one by promotion.

    The champion serves production, so that to name it is to ask for production.
    Raises: GateClosed, and what the use cases raise.
    """
    actor = actor_of(request)
    if any(row.alias == alias for row in version.aliases.all()):
        return
    try:
        assign_alias(actor=actor, version=version, alias=alias)
    except AliasGoverned:
        _ask_for_alias(request, version, alias)


def _ask_for_alias(request: Request, version: ModelVersion, alias: str) -> None:
    if len(alias) > LONGEST_GOVERNED:
        raise InvalidParameter(f"A governed alias has at most {LONGEST_GOVERNED} characters.", field="alias")
    is_alone = alias != CHAMPION and bool(rules_for(version, Move("", alias)).items)
    target = None if is_alone else Stage.PRODUCTION
    asked = request_promotion(actor=actor_of(request), version=version, target=target, alias=alias)
    refuse_unless_promoted(request, asked)


def refuse_unless_promoted(request: Request, promotion: Promotion) -> None:
    """Return when a promotion came through. Raises: GateClosed with the reasons, and where it is followed."""
    closure = PromotionClosure.objects.filter(promotion=promotion).first()
    if closure and closure.outcome == ClosureOutcome.PROMOTED:
        return
    how = standing_of(request, promotion)
    told = " ".join(f"({n}) {reason['sentence']}" for n, reason in enumerate(how["requirements"], 1))
    raise GateClosed(
        f"The gate is closed: {promotion} is asked for and recorded, and not allowed yet. {told} "
        f"Follow it at {how['link']}.",
        **how,
    )


def standing_of(request: Request, promotion: Promotion) -> dict[str, Any]:
    """Return how a promotion stands: the gate's last outcome, the open reasons, and where it is followed."""
    decision = promotion.decisions.order_by("-number").first()
    reasons = decision.reasons if decision else []
    return {
        "promotion": str(promotion.uid),
        "outcome": decision.outcome if decision else Outcome.WAIT.value,
        "requirements": [reason for reason in reasons if reason["outcome"] != Outcome.ALLOW],
        "link": request.build_absolute_uri(reverse("promotion", kwargs={"uid": promotion.uid})),
        "desk": request.build_absolute_uri(reverse("admin:promotion", args=[promotion.uid])),
    }
