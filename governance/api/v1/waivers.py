"""How is a finding accepted for a time, and who has accepted what?"""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.trail import now
from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.fields import ActorField, Choice, Line, ModelName, PageQuery, Password, Strict, Text, given
from governance.api.reach import Reach
from governance.api.schema import document, paged
from governance.api.v1.promotions import TARGETS, PromotionTarget
from governance.models import Waiver
from governance.roles import Verb
from governance.selectors.waivers import STATES, get_waiver, in_state, list_waivers, state_of
from governance.services.waivers import LONGEST_DAYS, grant_waiver, revoke_waiver
from registry.selectors import get_version
from registry.stages import Stage


class WaiverRequest(Strict):
    model = Line(max_length=120)
    version = serializers.IntegerField(min_value=1, max_value=999_999_999)
    target = PromotionTarget(required=False, help_text="Left out: moves of an alias alone.")
    policy = Line(max_length=60, help_text="Name of a policy in force.")
    requirement = Line(max_length=80, help_text="Id of one of its requirements or documents.")
    finding = Line(max_length=300, default="", allow_blank=True, help_text="Key of one finding; left out: all of them.")
    reason = Text(help_text="Why it can be accepted, in a sentence.")
    compensating_control = Text(help_text="What is done instead, in a sentence.")
    expires_at = serializers.DateTimeField(required=False, help_text="When it ends, UTC; this or `days`.")
    days = serializers.IntegerField(
        required=False, min_value=1, max_value=LONGEST_DAYS, help_text="How long it stands; a policy can allow less."
    )
    password = Password()


class WaiverShown(serializers.Serializer[Waiver]):
    """One requirement, or one finding of it, accepted for one version and target until a time."""

    uid = serializers.UUIDField()
    model = serializers.CharField(source="version.model.name")
    version = serializers.IntegerField(source="version.number")
    target = Choice([*TARGETS, ""], help_text="Empty: moves of an alias alone.")
    policy = serializers.CharField()
    requirement = serializers.CharField()
    finding = serializers.CharField(help_text="Empty: all findings.")
    reason = serializers.CharField()
    compensating_control = serializers.CharField()
    granted_by = ActorField()
    granted_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    state = serializers.SerializerMethodField()
    revoked_by = ActorField(source="revocation.revoked_by", default=None, allow_null=True)
    revoked_at = serializers.DateTimeField(source="revocation.revoked_at", default=None, allow_null=True)

    @extend_schema_field(Choice(STATES))
    def get_state(self, waiver: Waiver) -> str:
        return state_of(waiver, at=now())


class WaiverQuery(PageQuery):
    state = Choice(STATES, required=False)
    model = ModelName(required=False)
    version = serializers.IntegerField(required=False, min_value=1, max_value=999_999_999)
    target = PromotionTarget(required=False)
    policy = Line(required=False, max_length=60)
    requirement = Line(required=False, max_length=80)


class Revocation(Strict):
    """Nothing needs to be said."""


class WaiversDoor(Door):
    reach = Reach(model="version__model__name", said="model", target_said="target")
    verbs = {"GET": Verb.READ, "POST": Verb.WAIVE}

    @document(
        "grant_waiver",
        "Accept one requirement, or one finding of it, for a time; a person does",
        tag="waivers",
        acts=True,
        body=WaiverRequest,
        answer=WaiverShown,
        status=201,
        refusals={
            403: ["signature_refused"],
            404: ["unknown_version", "unknown_requirement"],
            409: ["own_submission", "already_decided", "recused", "already_waived", "not_waivable", "move_impossible"],
        },
        example={
            "model": "care-programme",
            "version": 3,
            "target": "production",
            "policy": "high-risk",
            "requirement": "impact-ratio",
            "reason": "The group is small, and its figures are known to swing.",
            "compensating_control": "A nurse reads every refusal until the next version.",
            "days": 30,
        },
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, WaiverRequest)
        version = get_version(body.pop("model"), body.pop("version"))
        target = Stage(body.pop("target")) if "target" in body else None
        waiver = grant_waiver(actor=actor_of(request), version=version, target=target, **body)
        return _answered(self, waiver.uid)

    @document("list_waivers", "List waivers, newest first", tag="waivers", query=WaiverQuery, answer=paged(WaiverShown))
    def get(self, request: Request) -> Response:
        query = read_query(request, WaiverQuery)
        columns = {"model": "version__model__name", "version": "version__number"}
        columns |= {name: name for name in ("target", "policy", "requirement")}
        rows = list_waivers().filter(**given(query, columns))
        if state := query.get("state"):
            rows = rows.filter(in_state(state, at=now()))
        return self.listed(WaiverShown, rows, query)


class WaiverDoor(Door):
    reach = Reach(row=Waiver, model="version__model__name", target="target")
    verbs = {"GET": Verb.READ}

    @document(
        "get_waiver",
        "Read a waiver",
        tag="waivers",
        path=["uid"],
        answer=WaiverShown,
        refusals={404: ["unknown_waiver"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(WaiverShown, get_waiver(uid))


class WaiverRevocationDoor(Door):
    reach = Reach(row=Waiver, model="version__model__name", target="target")
    verbs = {"POST": Verb.WAIVE}

    @document(
        "revoke_waiver",
        "End a waiver before its time; a person does",
        tag="waivers",
        path=["uid"],
        acts=True,
        answer=WaiverShown,
        status=201,
        refusals={404: ["unknown_waiver"], 409: ["waiver_ended"]},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        read_body(request, Revocation)
        revoke_waiver(actor=actor_of(request), uid=uid)
        return _answered(self, uid)


def _answered(door: Door, uid: UUID) -> Any:
    return door.created(WaiverShown, get_waiver(uid), location=reverse("waiver", kwargs={"uid": uid}))
