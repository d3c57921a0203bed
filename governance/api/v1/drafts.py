"""Which editions of policies are proposed, and what becomes of them?"""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.trail import Actor
from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.fields import ActorField, Choice, Line, Nothing, PageQuery, given
from governance.api.reach import NO_MODEL
from governance.api.schema import document, paged
from governance.models import DraftOutcome, PolicyDraft
from governance.roles import Verb
from governance.selectors.policies import get_draft, list_drafts
from governance.services.policies import approve_policy, refuse_policy, withdraw_policy

OPEN = "open"


class PolicyDraftShown(serializers.Serializer[PolicyDraft]):
    """A proposed edition of a policy, and what became of it."""

    uid = serializers.UUIDField()
    name = serializers.CharField()
    title = serializers.CharField()
    sha256 = serializers.CharField(help_text="Digest of the text.")
    text = serializers.CharField(help_text="The YAML document, verbatim.")
    reason = serializers.CharField()
    authored_by = ActorField()
    proposed_at = serializers.DateTimeField()
    state = serializers.SerializerMethodField()
    edition = serializers.IntegerField(
        source="closure.edition.number", default=None, allow_null=True, help_text="Number under which it is in force."
    )
    closed_by = ActorField(source="closure.closed_by", default=None, allow_null=True)
    closed_at = serializers.DateTimeField(source="closure.closed_at", default=None, allow_null=True)

    @extend_schema_field(Choice([OPEN, *DraftOutcome.values]))
    def get_state(self, draft: PolicyDraft) -> str:
        closure = getattr(draft, "closure", None)
        return str(closure.outcome) if closure else OPEN


class PolicyDraftQuery(PageQuery):
    state = Choice([OPEN, *DraftOutcome.values], required=False)
    name = Line(required=False, max_length=60)


def address_of_draft(uid: UUID) -> str:
    return reverse("policy-draft", kwargs={"uid": uid})


class PolicyDraftsDoor(Door):
    reach = NO_MODEL
    verbs = {"GET": Verb.READ}

    @document(
        "list_policy_drafts",
        "List the proposed editions of policies, newest first",
        tag="policies",
        query=PolicyDraftQuery,
        answer=paged(PolicyDraftShown),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, PolicyDraftQuery)
        rows = list_drafts().filter(**given(query, {"name": "name"}))
        if state := query.get("state"):
            rows = rows.filter(closure__isnull=True) if state == OPEN else rows.filter(closure__outcome=state)
        return self.listed(PolicyDraftShown, rows, query)


class PolicyDraftDoor(Door):
    reach = NO_MODEL
    verbs = {"GET": Verb.READ}

    @document(
        "get_policy_draft",
        "Read a proposed edition of a policy",
        tag="policies",
        path=["uid"],
        answer=PolicyDraftShown,
        refusals={404: ["unknown_policy_draft"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(PolicyDraftShown, get_draft(uid))


class _EndingDoor(Door):
    """What all ends of a proposal have in common: nothing is said but which proposal."""

    verbs = {"POST": Verb.PUBLISH_POLICY}
    end: ClassVar[Callable[..., Any]]

    def _ended(self, request: Request, uid: UUID) -> Response:
        read_body(request, Nothing)
        actor: Actor = actor_of(request)
        type(self).end(actor=actor, uid=uid)
        return self.created(PolicyDraftShown, get_draft(uid), location=address_of_draft(uid))


class PolicyApprovalDoor(_EndingDoor):
    end = approve_policy

    @document(
        "approve_policy",
        "Put in force what somebody else proposed; a person does",
        tag="policies",
        path=["uid"],
        acts=True,
        answer=PolicyDraftShown,
        status=201,
        refusals={
            404: ["unknown_policy_draft"],
            409: ["own_submission", "policy_draft_closed", "already_in_force"],
            422: ["policy_malformed"],
        },
    )
    def post(self, request: Request, uid: UUID) -> Response:
        return self._ended(request, uid)


class PolicyRefusalDoor(_EndingDoor):
    end = refuse_policy

    @document(
        "refuse_policy",
        "Refuse what somebody else proposed; a person does",
        tag="policies",
        path=["uid"],
        acts=True,
        answer=PolicyDraftShown,
        status=201,
        refusals={404: ["unknown_policy_draft"], 409: ["own_submission", "policy_draft_closed"]},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        return self._ended(request, uid)


class PolicyWithdrawalDoor(_EndingDoor):
    end = withdraw_policy

    @document(
        "withdraw_policy",
        "Take one's own proposal back",
        tag="policies",
        path=["uid"],
        acts=True,
        answer=PolicyDraftShown,
        status=201,
        refusals={404: ["unknown_policy_draft"], 409: ["policy_draft_closed"]},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        return self._ended(request, uid)
