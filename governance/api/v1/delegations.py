"""Who speaks for whom, and until when?"""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.trail import now
from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.fields import ActorField, Choice, Line, PageQuery, Strict, given
from governance.api.reach import Reach
from governance.api.schema import document, paged
from governance.models import Delegation
from governance.roles import Group, Verb
from governance.scopes import TARGETS
from governance.selectors.delegations import DelegationState, get_delegation, list_delegations, standing_as, state_of
from governance.services.accounts import get_person
from governance.services.delegations import delegate_review, revoke_delegation
from registry.selectors import get_model

OF_DELEGATION = Reach(row=Delegation, model="model__name", said="model", targets=TARGETS)
GROUPS = [group.value for group in Group]
STATES = [state.value for state in DelegationState]


class DelegationRequest(Strict):
    delegate = Line(max_length=150, help_text="Login or uid of the person who may speak for you.")
    group = Choice(GROUPS, help_text="Group you review for yourself.")
    model = Line(required=False, max_length=120, help_text="Only promotions of this model; all when left out.")
    starts_at = serializers.DateTimeField(required=False, help_text="Not in the past; now when left out.")
    ends_at = serializers.DateTimeField(help_text="At most 90 days later.")


class Revocation(Strict):
    """Nothing needs to be said."""


class DelegationShown(serializers.Serializer[Delegation]):
    """Somebody may speak for a group in somebody else's place, for a time."""

    uid = serializers.UUIDField()
    delegator = ActorField(source="delegator.actor")
    delegate = ActorField(source="delegate.actor")
    group = serializers.CharField()
    model = serializers.CharField(source="model.name", default=None, allow_null=True, help_text="null: all models.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    delegated_at = serializers.DateTimeField()
    state = serializers.SerializerMethodField()
    revoked_at = serializers.DateTimeField(source="revocation.revoked_at", default=None, allow_null=True)

    @extend_schema_field(Choice(STATES))
    def get_state(self, delegation: Delegation) -> str:
        return state_of(delegation, at=now()).value


class DelegationQuery(PageQuery):
    state = Choice(STATES, required=False)
    group = Choice(GROUPS, required=False)


class DelegationsDoor(Door):
    reach = OF_DELEGATION
    verbs = {"GET": Verb.READ, "POST": Verb.REVIEW}

    @document(
        "delegate_review",
        "Let somebody else speak in your place, for a time",
        tag="delegations",
        acts=True,
        body=DelegationRequest,
        answer=DelegationShown,
        status=201,
        refusals={404: ["unknown_account", "unknown_model"]},
        example={"delegate": "dora", "group": "risk", "ends_at": "2027-01-08T17:00:00Z"},
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, DelegationRequest)
        delegation = delegate_review(
            actor=actor_of(request),
            delegate=get_person(body["delegate"]),
            group=Group(body["group"]),
            model=get_model(body["model"]) if "model" in body else None,
            starts_at=body.get("starts_at"),
            ends_at=body["ends_at"],
        )
        return _answered(self, delegation.uid)

    @document(
        "list_delegations",
        "List who may, might or may no more speak for whom, newest first",
        tag="delegations",
        query=DelegationQuery,
        answer=paged(DelegationShown),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, DelegationQuery)
        rows = list_delegations().filter(**given(query, {"group": "group"}))
        if state := query.get("state"):
            rows = rows.filter(standing_as(DelegationState(state), at=now()))
        return self.listed(DelegationShown, rows, query)


class DelegationDoor(Door):
    reach = OF_DELEGATION
    verbs = {"GET": Verb.READ}

    @document(
        "get_delegation",
        "Read a delegation",
        tag="delegations",
        path=["uid"],
        answer=DelegationShown,
        refusals={404: ["unknown_delegation"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(DelegationShown, get_delegation(uid))


class RevocationDoor(Door):
    reach = OF_DELEGATION
    verbs = {"POST": Verb.REVIEW}

    @document(
        "revoke_delegation",
        "End a delegation of yours before its time; what was said through it stays said",
        tag="delegations",
        path=["uid"],
        acts=True,
        answer=DelegationShown,
        status=201,
        refusals={404: ["unknown_delegation"], 409: ["delegation_ended"]},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        read_body(request, Revocation)
        revoke_delegation(actor=actor_of(request), uid=uid)
        return _answered(self, uid)


def _answered(door: Door, uid: UUID) -> Any:
    return door.created(DelegationShown, get_delegation(uid), location=reverse("delegation", kwargs={"uid": uid}))
