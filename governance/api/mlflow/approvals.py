"""The second dialect: how is a transition asked for, approved, rejected and cancelled, as Databricks' registry has it?

A transition request is an open promotion to Staging or Production. What is said about it is said through the same use
cases as everywhere, so that the gate, the four eyes and the reasons are those of every other door.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.door import account_of, actor_of
from governance.api.mlflow.errors import InvalidParameter
from governance.api.mlflow.frame import OF_NAMED, ClientDoor
from governance.api.mlflow.model_versions import version_to_change
from governance.api.mlflow.moves import OF_TRANSITION, TARGETS, move_to_stage, stage_named, standing_of
from governance.api.mlflow.objects import (
    STAGES,
    milliseconds,
    models_with_keys,
    show_models,
    show_versions,
    versions_with_keys,
)
from governance.api.mlflow.parameters import Parameters, parameters_of
from governance.api.mlflow.registered_models import model_named
from governance.errors import NotEntitled, UnknownPromotion
from governance.models import AccessToken, Account, Approval, OpenPromotion, Promotion, PromotionClosure
from governance.roles import Group, Verb, allows
from governance.services.approvals import approve_promotion, refuse_promotion
from governance.services.promotions import request_promotion, withdraw_promotion
from registry.models import ModelVersion
from registry.stages import Stage

# The level a client is told: the highest of which everything is allowed.
_LEVELS: Final[tuple[tuple[str, frozenset[Verb], str], ...]] = (
    ("CAN_MANAGE", frozenset({Verb.REGISTER, Verb.PROMOTE, Verb.ADMINISTER}), "production"),
    ("CAN_MANAGE_PRODUCTION_VERSIONS", frozenset({Verb.REGISTER, Verb.PROMOTE}), "production"),
    ("CAN_MANAGE_STAGING_VERSIONS", frozenset({Verb.REGISTER, Verb.PROMOTE}), "staging"),
    ("CAN_EDIT", frozenset({Verb.REGISTER}), ""),
)


class CreateRequestDoor(ClientDoor):
    verbs = {"POST": Verb.PROMOTE}
    reach = OF_TRANSITION

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        target = _target(given)
        promotion = request_promotion(
            actor=actor_of(request),
            version=version_to_change(given),
            target=target,
            alias="",
            reason=given.text("comment", default=""),
            replaces=given.flag("archive_existing_versions"),
        )
        return Response({"request": _requested(request, promotion)})


class ListRequestsDoor(ClientDoor):
    verbs = {"GET": Verb.READ}
    reach = OF_NAMED

    def get(self, request: Request) -> Response:
        rows = _open_requests(version_to_change(parameters_of(request)))
        shown = [_requested(request, row.promotion) for row in rows]
        return Response({"requests": shown} if shown else {})


class ApproveRequestDoor(ClientDoor):
    verbs = {"POST": Verb.REVIEW}
    reach = OF_TRANSITION

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        promotion = _open_request(given)
        if given.flag("archive_existing_versions") and not promotion.replaces:
            raise InvalidParameter(
                "This request leaves the other versions in the stage, and people approve it as it was made; whoever "
                "wants them archived cancels it and sends archive_existing_versions with a new one.",
                field="archive_existing_versions",
            )
        return _said(request, "APPROVED_REQUEST", promotion, given)


class RejectRequestDoor(ClientDoor):
    verbs = {"POST": Verb.REVIEW}
    reach = OF_TRANSITION

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        return _said(request, "REJECTED_REQUEST", _open_request(given), given)


class CancelRequestDoor(ClientDoor):
    verbs = {"DELETE": Verb.PROMOTE}
    reach = OF_TRANSITION

    def delete(self, request: Request) -> Response:
        given, account = parameters_of(request), account_of(request)
        promotion = _open_request(given)
        if given.text("creator", default="") not in {"", account.login, str(account.actor)}:
            raise NotEntitled("Only whoever asked for a transition can cancel it; a reviewer can reject it.")
        from_stage = _stage_of(promotion)
        withdraw_promotion(actor=account.actor, uid=promotion.uid)
        closed_at = PromotionClosure.objects.get(promotion=promotion).closed_at
        return Response(
            {
                "activity": {
                    "id": str(promotion.uid),
                    "user_id": str(account.actor),
                    **_transition("CANCELLED_REQUEST", promotion, from_stage, at=closed_at),
                    "countersign": _state(request, promotion),
                }
            }
        )


class TransitionWithCommentDoor(ClientDoor):
    verbs = {"POST": Verb.PROMOTE}
    reach = OF_TRANSITION

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        stage = stage_named(given.text("stage"))
        replaces = given.flag("archive_existing_versions")
        version = version_to_change(given)
        move_to_stage(request, version, stage, replaces=replaces, reason=given.text("comment", default=""))
        shown = show_versions(versions_with_keys([version.pk]))[0]
        waiting = [_requested(request, row.promotion) for row in _open_requests(version)]
        more = {"permission_level": permission_level(request), **({"open_requests": waiting} if waiting else {})}
        return Response({"model_version_databricks": {**shown, **more}})


class GetModelWithPermissionDoor(ClientDoor):
    verbs = {"GET": Verb.READ}
    reach = OF_NAMED

    def get(self, request: Request) -> Response:
        model = model_named(parameters_of(request))
        shown = show_models(models_with_keys([model.pk]))[0]
        more = {"id": str(model.pk), "permission_level": permission_level(request)}
        return Response({"registered_model_databricks": {**shown, **more}})


def permission_level(request: Request) -> str:
    """Return what whoever asks may do to a model, by roles and by the token, in Databricks' words: never too much."""
    token = request.auth
    roles = account_of(request).roles()
    scopes = token.scopes if isinstance(token, AccessToken) else list(Verb)
    targets = token.targets if isinstance(token, AccessToken) else []
    held = {verb for verb in Verb if allows(roles, verb) and verb in scopes}
    for level, verbs, target in _LEVELS:
        if verbs <= held and (not target or not targets or target in targets):
            return level
    return "CAN_READ"


def _target(given: Parameters) -> Stage:
    """Return the stage that a request is about. Raises: InvalidParameter for one that nobody asks to get to."""
    stage = stage_named(given.text("stage"))
    if stage.lower() not in TARGETS:
        raise InvalidParameter(
            f"Only transitions to Staging and Production are asked for and approved, not {stage}; "
            "model-versions/transition-stage archives a version.",
            field="stage",
        )
    return TARGETS[stage.lower()]


def _open_requests(version: ModelVersion) -> list[OpenPromotion]:
    """Return what is asked for a version, oldest first; a promotion of an alias alone is no transition."""
    rows = OpenPromotion.objects.filter(version=version).exclude(target="").order_by("promotion_id")
    return list(rows.select_related("promotion__version__position"))


def _open_request(given: Parameters) -> Promotion:
    """Return the open promotion that a call is about. Raises: InvalidParameter, UnknownVersion, UnknownPromotion."""
    target, version = _target(given), version_to_change(given)
    for row in _open_requests(version):
        if row.promotion.target == target:
            return row.promotion
    raise UnknownPromotion(f"There is no open request to move {version} to {STAGES[target]}.")


def _said(request: Request, activity: str, promotion: Promotion, given: Parameters) -> Response:
    """Say yes or no for the group that a call names, or for the only one its caller reviews for."""
    account = account_of(request)
    decide = approve_promotion if activity == "APPROVED_REQUEST" else refuse_promotion
    from_stage = _stage_of(promotion)
    approval = decide(
        actor=account.actor, uid=promotion.uid, group=_group(account, given), reason=given.text("comment")
    )
    return Response({"activity": _word(request, activity, approval, from_stage)})


def _group(account: Account, given: Parameters) -> Group:
    """Return the group that a word is said for. Raises: InvalidParameter, naming those there are to choose from."""
    groups = sorted(account.groups_reviewed_for()) or sorted(Group)
    named = given.text("group", default="")
    if named in set(Group):
        return Group(named)
    if named or len(groups) != 1:
        raise InvalidParameter(f"Say for which group you speak, in 'group': {', '.join(groups)}.", field="group")
    return groups[0]


def _stage_of(promotion: Promotion) -> str:
    return STAGES[promotion.version.position.stage]


def _requested(request: Request, promotion: Promotion) -> dict[str, Any]:
    return {
        "id": str(promotion.uid),
        "user_id": promotion.requested_by,
        "comment": promotion.reason,
        **_transition("REQUESTED_TRANSITION", promotion, _stage_of(promotion), at=promotion.requested_at),
        "countersign": _state(request, promotion),
    }


def _word(request: Request, activity: str, approval: Approval, from_stage: str) -> dict[str, Any]:
    return {
        "id": str(approval.uid),
        "user_id": approval.approver,
        "comment": approval.reason,
        **_transition(activity, approval.promotion, from_stage, at=approval.given_at),
        "countersign": {"group": approval.group, **_state(request, approval.promotion)},
    }


def _transition(activity: str, promotion: Promotion, from_stage: str, *, at: datetime) -> Mapping[str, Any]:
    return {
        "activity_type": activity,
        "creation_timestamp": milliseconds(at),
        "last_updated_timestamp": milliseconds(at),
        "from_stage": from_stage,
        "to_stage": STAGES[promotion.target],
    }


def _state(request: Request, promotion: Promotion) -> dict[str, Any]:
    """Return what this registry knows of a request beyond the dialect: whether it is open, and what it waits for."""
    closure = PromotionClosure.objects.filter(promotion=promotion).first()
    return {"state": str(closure.outcome) if closure else "open", **standing_of(request, promotion)}
