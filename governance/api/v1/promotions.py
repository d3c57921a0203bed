"""How is a move asked for, followed and decided?"""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.fields import (
    ActorField,
    AliasName,
    Choice,
    Line,
    ModelName,
    OrderField,
    PageQuery,
    Strict,
    Text,
    given,
)
from governance.api.reach import Reach
from governance.api.schema import document, paged
from governance.api.v1.approvals import (
    ApprovalRequest,
    ApprovalShown,
    ContentRead,
    RecusalRequest,
    RecusalShown,
    word_of,
)
from governance.errors import UnknownPromotion
from governance.gates import Outcome
from governance.models import ApprovalVerdict, ClosureOutcome, Promotion
from governance.roles import Verb
from governance.selectors.policies import rules_of_promotion
from governance.selectors.words import content_before
from governance.services.approvals import approve_promotion, refuse_promotion
from governance.services.delegations import recuse
from governance.services.promotions import request_promotion, withdraw_promotion
from registry.selectors import get_version
from registry.stages import Rollout, Stage

OF_PROMOTION = Reach(row=Promotion, model="version__model__name", target="target")
OPEN = "open"
# How an open promotion stands, by the gate's last answer; allow closes it in the same transaction.
STANDING = {Outcome.WAIT.value: "waiting", Outcome.BLOCK.value: "blocked", Outcome.ALLOW.value: "waiting"}
TARGETS = (Stage.STAGING.value, Stage.PRODUCTION.value)


class PromotionTarget(Choice):
    """A stage that a policy can guard."""

    def __init__(self, **options: Any) -> None:
        super().__init__(TARGETS, **options)


class PromotionRequest(Strict):
    model = Line(max_length=120)
    version = serializers.IntegerField(min_value=1, max_value=999_999_999)
    target = PromotionTarget(required=False, help_text="Left out: only the alias moves.")
    alias = AliasName(default="champion", help_text="Name that shall point at the version once it is promoted.")
    rollout = Choice(Rollout.choices, required=False, help_text="How far production goes; full when left out.")
    percent = serializers.IntegerField(
        default=0, min_value=0, max_value=99, help_text="Of a canary: share of the traffic, 1 to 99."
    )
    reason = Text(default="", allow_blank=True)


class Withdrawal(Strict):
    """Nothing needs to be said."""


class Reason(serializers.Serializer[Any]):
    """Why one requirement or approval stands as it does."""

    code = serializers.CharField()
    policy = serializers.CharField(default="", help_text="Name of the policy that asks for it; may be empty.")
    requirement = serializers.CharField(help_text="Id of the requirement, or approval:group.")
    outcome = Choice([outcome.value for outcome in Outcome])
    sentence = serializers.CharField()


class Decision(serializers.Serializer[Any]):
    """What the gate answered at one moment."""

    number = serializers.IntegerField()
    outcome = Choice([outcome.value for outcome in Outcome])
    reasons = Reason(many=True)
    decided_at = serializers.DateTimeField()


class PolicyReference(serializers.Serializer[Any]):
    """An edition of a policy."""

    name = serializers.CharField()
    number = serializers.IntegerField()
    sha256 = serializers.CharField()


class PromotionShown(serializers.Serializer[Promotion]):
    """The request to move a version, and all that followed."""

    uid = serializers.UUIDField()
    model = serializers.CharField(source="version.model.name")
    version = serializers.IntegerField(source="version.number")
    target = Choice([*TARGETS, ""], help_text="Empty: only the alias moves.")
    alias = serializers.CharField()
    reason = serializers.CharField()
    rollout = serializers.CharField(
        help_text="Step of production: shadow, canary, blue_green or full; empty outside it."
    )
    percent = serializers.IntegerField(help_text="Of a canary: share of the traffic.")
    policies = serializers.SerializerMethodField()
    requested_by = ActorField()
    requested_at = serializers.DateTimeField()
    state = serializers.SerializerMethodField()
    outcome = serializers.SerializerMethodField()
    decision = serializers.SerializerMethodField()
    approvals = ApprovalShown(many=True)
    recusals = RecusalShown(many=True)
    closed_by = ActorField(source="closure.closed_by", default=None, allow_null=True)
    closed_at = serializers.DateTimeField(source="closure.closed_at", default=None, allow_null=True)

    @extend_schema_field(Choice([OPEN, *ClosureOutcome.values]))
    def get_state(self, promotion: Promotion) -> str:
        closure = getattr(promotion, "closure", None)
        return str(closure.outcome) if closure else OPEN

    @extend_schema_field(Choice(["blocked", "waiting", *ClosureOutcome.values]))
    def get_outcome(self, promotion: Promotion) -> str:
        state = self.get_state(promotion)
        decision = _newest_decision(promotion)
        return state if state != OPEN else STANDING[decision.outcome] if decision else "waiting"

    @extend_schema_field(PolicyReference(many=True))
    def get_policies(self, promotion: Promotion) -> Any:
        """The policies of the latest decision."""
        decision = _newest_decision(promotion)
        return decision.policies if decision else []

    @extend_schema_field(Decision(allow_null=True))
    def get_decision(self, promotion: Promotion) -> Any:
        decision = _newest_decision(promotion)
        return Decision(decision, context=self.context).data if decision else None


class PromotionRead(PromotionShown):
    """The request to move a version, all that followed, and what a word about it would be bound to."""

    content = serializers.SerializerMethodField()

    @extend_schema_field(ContentRead)
    def get_content(self, promotion: Promotion) -> Any:
        """Hand it back as `seen`, and a word is taken only while nothing else stands there."""
        return ContentRead(content_before(promotion, rules_of_promotion(promotion))).data


def _newest_decision(promotion: Promotion) -> Any:
    return max(promotion.decisions.all(), key=lambda decision: decision.number, default=None)


def list_promotions() -> QuerySet[Promotion]:
    followed = ("decisions", "recusals", "approvals__lapse", "approvals__conditions__fulfilment")
    return Promotion.objects.select_related("version__model", "closure").prefetch_related(*followed)


def get_promotion(uid: UUID) -> Promotion:
    """Return a promotion with its decisions and approvals. Raises: UnknownPromotion."""
    promotion = list_promotions().filter(uid=uid).first()
    if promotion is None:
        raise UnknownPromotion(f"There is no promotion {uid}.")
    return promotion


class PromotionQuery(PageQuery):
    state = Choice([OPEN, *ClosureOutcome.values], required=False)
    model = ModelName(required=False)
    version = serializers.IntegerField(required=False, min_value=1, max_value=999_999_999)
    target = PromotionTarget(required=False)
    alias = AliasName(required=False)
    requested_by = Line(required=False, max_length=120, help_text="Actor, kind:id.")
    order_by = OrderField({}, default="-time")


class PromotionsDoor(Door):
    reach = Reach(model="version__model__name", said="model", target_said="target")
    verbs = {"GET": Verb.READ, "POST": Verb.PROMOTE}

    @document(
        "request_promotion",
        "Ask to move a version; a blocked promotion is an answer, not an error",
        tag="promotions",
        acts=True,
        body=PromotionRequest,
        answer=PromotionRead,
        status=201,
        refusals={
            404: ["unknown_version"],
            409: ["no_policy_applies", "move_impossible", "promotion_open", "recertification_overdue"],
        },
        example={"model": "care-programme", "version": 3, "target": "production", "reason": "Passes on sex and age."},
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, PromotionRequest)
        promotion = request_promotion(
            actor=actor_of(request),
            version=get_version(body["model"], body["version"]),
            target=Stage(body["target"]) if "target" in body else None,
            alias=body["alias"],
            rollout=Rollout(body["rollout"]) if "rollout" in body else None,
            percent=body["percent"],
            reason=body["reason"],
        )
        return _answered(self, promotion.uid)

    @document(
        "list_promotions",
        "List promotions",
        tag="promotions",
        query=PromotionQuery,
        answer=paged(PromotionShown),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, PromotionQuery)
        columns = {"model": "version__model__name", "version": "version__number"}
        columns |= {name: name for name in ("target", "alias", "requested_by")}
        rows = list_promotions().filter(**given(query, columns))
        if state := query.get("state"):
            rows = rows.filter(closure__isnull=True) if state == OPEN else rows.filter(closure__outcome=state)
        return self.listed(PromotionShown, rows, query)


class PromotionDoor(Door):
    reach = OF_PROMOTION
    verbs = {"GET": Verb.READ}

    @document(
        "get_promotion",
        "Read a promotion, the latest decision and the approvals",
        tag="promotions",
        path=["uid"],
        answer=PromotionRead,
        refusals={404: ["unknown_promotion"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(PromotionRead, get_promotion(uid))


class ApprovalsDoor(Door):
    reach = OF_PROMOTION
    verbs = {"POST": Verb.REVIEW}

    @document(
        "decide_on_promotion",
        "Approve or refuse for a group",
        tag="promotions",
        path=["uid"],
        acts=True,
        body=ApprovalRequest,
        answer=PromotionRead,
        status=201,
        refusals={
            403: ["signature_refused"],
            404: ["unknown_promotion", "unknown_account"],
            409: [
                "own_submission",
                "already_decided",
                "recused",
                "not_your_turn",
                "content_changed",
                "promotion_closed",
            ],
        },
        example={"verdict": "approve", "group": "risk", "reason": "The interval leaves room, and the harm is small."},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        body = read_body(request, ApprovalRequest)
        decide = approve_promotion if body["verdict"] == ApprovalVerdict.APPROVE else refuse_promotion
        decide(actor=actor_of(request), uid=uid, **word_of(body))
        return _answered(self, uid)


class RecusalDoor(Door):
    reach = OF_PROMOTION
    verbs = {"POST": Verb.REVIEW}

    @document(
        "recuse",
        "Step aside: your earlier word counts no more, and no later one is taken",
        tag="promotions",
        path=["uid"],
        acts=True,
        body=RecusalRequest,
        answer=PromotionRead,
        status=201,
        refusals={404: ["unknown_promotion"], 409: ["recused", "promotion_closed"]},
        example={"reason": "A member of my family works on this model."},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        body = read_body(request, RecusalRequest)
        recuse(actor=actor_of(request), uid=uid, reason=body["reason"])
        return _answered(self, uid)


class WithdrawalDoor(Door):
    reach = OF_PROMOTION
    verbs = {"POST": Verb.PROMOTE}

    @document(
        "withdraw_promotion",
        "Take a request back",
        tag="promotions",
        path=["uid"],
        acts=True,
        answer=PromotionRead,
        status=201,
        refusals={404: ["unknown_promotion"], 409: ["promotion_closed"]},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        read_body(request, Withdrawal)
        withdraw_promotion(actor=actor_of(request), uid=uid)
        return _answered(self, uid)


def _answered(door: Door, uid: UUID) -> Response:
    return door.created(PromotionRead, get_promotion(uid), location=reverse("promotion", kwargs={"uid": uid}))
