"""Which rules are in force, and how do new ones come?"""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.fields import Actor, ActorField, Line, PageQuery, Strict, Text, given
from governance.api.parsing import PolicyTextParser, StrictJSONParser
from governance.api.reach import NO_MODEL
from governance.api.schema import document, paged
from governance.api.v1.drafts import PolicyDraftShown, address_of_draft
from governance.api.v1.promotions import PromotionTarget
from governance.models import PolicyVersion
from governance.policy_format import LONGEST_POLICY
from governance.roles import Verb
from governance.selectors.policies import get_draft, get_edition
from governance.services.policies import propose_policy

EXAMPLE = """\
policy: minimal-risk
title: Minimal-risk models to production
applies_to: {risk_tier: [minimal], target: production}
requirements:
  - {id: accuracy, title: The model is right often enough, check: performance.accuracy, version: 1}
approvals:
  - {group: risk, count: 1}
"""


class PolicyText(Strict):
    text = serializers.CharField(max_length=LONGEST_POLICY, trim_whitespace=False, help_text="The YAML document.")
    reason = Text(default="", allow_blank=True, help_text="Why, for whoever decides about it.")


class PolicySummary(serializers.Serializer[PolicyVersion]):
    """One immutable edition of a policy; the highest number of a name is in force."""

    name = serializers.CharField()
    number = serializers.IntegerField()
    title = serializers.CharField()
    target = PromotionTarget()
    sha256 = serializers.CharField(help_text="Digest of the text.")
    authored_by = serializers.SerializerMethodField()
    published_by = ActorField()
    published_at = serializers.DateTimeField()

    @extend_schema_field(Actor(allow_null=True))
    def get_authored_by(self, edition: PolicyVersion) -> Any:
        """Who proposed it; null for editions from before proposals."""
        return self.context["mentions"].mention(edition.authored_by) if edition.authored_by else None


class Policy(PolicySummary):
    """An edition with its text."""

    text = serializers.CharField(help_text="The YAML document, verbatim.")


class PolicyQuery(PageQuery):
    name = Line(required=False, max_length=60)
    target = PromotionTarget(required=False)


class PoliciesDoor(Door):
    reach = NO_MODEL
    verbs = {"GET": Verb.READ, "POST": Verb.PUBLISH_POLICY}
    parser_classes = [StrictJSONParser, PolicyTextParser]

    @document(
        "propose_policy",
        "Propose an edition of a policy; somebody else approves it",
        tag="policies",
        acts=True,
        body={"application/json": PolicyText, "text/yaml": OpenApiTypes.STR},
        answer=PolicyDraftShown,
        status=201,
        refusals={409: ["already_in_force"], 422: ["policy_malformed"]},
        example={"text": EXAMPLE},
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, PolicyText)
        draft = propose_policy(actor=actor_of(request), text=body["text"], reason=body["reason"])
        return self.created(PolicyDraftShown, get_draft(draft.uid), location=address_of_draft(draft.uid))

    @document(
        "list_policies",
        "List the editions of policies, newest first",
        tag="policies",
        query=PolicyQuery,
        answer=paged(PolicySummary),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, PolicyQuery)
        rows = PolicyVersion.objects.filter(**given(query, {"name": "name", "target": "target"}))
        return self.listed(PolicySummary, rows, query)


class PolicyDoor(Door):
    reach = NO_MODEL
    verbs = {"GET": Verb.READ}

    @document(
        "get_policy",
        "Read an edition of a policy with its text",
        tag="policies",
        path=["name", "number"],
        answer=Policy,
        refusals={404: ["unknown_policy"]},
    )
    def get(self, request: Request, name: str, number: int) -> Response:
        return self.shown(Policy, get_edition(name, number))
