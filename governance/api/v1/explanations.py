"""Why may a version not move, and what would another policy change?"""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audits.trail import now
from governance.api.door import Door, read_body, read_query
from governance.api.fields import Choice, Strict
from governance.api.reach import OF_MODEL
from governance.api.schema import document
from governance.api.v1.promotions import PolicyReference, Reason
from governance.api.v1.versions import GateQuery
from governance.errors import Malformed
from governance.gates import Outcome
from governance.policy_format import LONGEST_POLICY
from governance.roles import Role, Verb
from governance.selectors.explanation import explain
from governance.selectors.policies import Move, get_draft
from governance.selectors.simulation import simulate
from governance.services.policies import read_policy
from registry.selectors import get_version
from registry.stages import Rollout, Stage

MOST_CHANGES = 1000
OUTCOMES = [outcome.value for outcome in Outcome]


class HoldersShown(serializers.Serializer[Any]):
    """Who can act."""

    role = Choice([role.value for role in Role])
    group = serializers.CharField(help_text="Of reviewers, the group; may be empty.")
    number = serializers.IntegerField(help_text="Accounts that hold it.")
    may_act = serializers.IntegerField(help_text="Of these, how many are not barred and have not spoken yet.")


class ExplainedShown(serializers.Serializer[Any]):
    """One reason of the gate, and who can get it out of the way."""

    reason = Reason()
    who = HoldersShown(many=True)
    how = serializers.CharField(source="remedy.how", default="", help_text="Empty where nothing is in the way.")


class ExplanationShown(serializers.Serializer[Any]):
    """What the gate says about a move now, reason by reason."""

    outcome = Choice(OUTCOMES)
    promotion = serializers.UUIDField(
        source="promotion.uid", default=None, allow_null=True, help_text="The open promotion it is about, if any."
    )
    policies = PolicyReference(many=True, source="rules.references")
    blocks = ExplainedShown(many=True)
    passes = ExplainedShown(many=True)


class ExplanationDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ}

    @document(
        "explain_gate",
        "Ask what blocks a move, who can unblock it and how; changes nothing",
        tag="versions",
        path=["name", "number"],
        query=GateQuery,
        answer=ExplanationShown,
        refusals={404: ["unknown_version"]},
    )
    def get(self, request: Request, name: str, number: int) -> Response:
        query = read_query(request, GateQuery)
        target = query["target"]
        step = query.get("rollout") or (Rollout.FULL.value if target == Stage.PRODUCTION else "")
        explanation = explain(get_version(name, number), Move(target, query["alias"], step), at=now())
        return self.shown(ExplanationShown, explanation)


class SimulationRequest(Strict):
    """A text or a proposal, one of them."""

    text = serializers.CharField(
        max_length=LONGEST_POLICY, trim_whitespace=False, required=False, help_text="The YAML document."
    )
    draft = serializers.UUIDField(required=False, help_text="Uid of a proposed edition.")


class DifferenceShown(serializers.Serializer[Any]):
    """One requirement that the two editions answer differently; null where an edition does not ask it."""

    policy = serializers.CharField()
    requirement = serializers.CharField()
    before = Reason(allow_null=True)
    after = Reason(allow_null=True)


class ChangeShown(serializers.Serializer[Any]):
    """One move of one version about which the gate would say something else."""

    model = serializers.CharField()
    version = serializers.IntegerField()
    target = serializers.CharField()
    alias = serializers.CharField()
    rollout = serializers.CharField()
    before = Choice(OUTCOMES)
    after = Choice(OUTCOMES)
    differences = DifferenceShown(many=True)


class SimulationShown(serializers.Serializer[Any]):
    """What a policy would change if it came into force, by the facts at hand and without approvals."""

    policy = serializers.CharField()
    replaces = serializers.IntegerField(help_text="Number of the edition in force; 0 when there is none.")
    judged = serializers.IntegerField(help_text="Versions judged.")
    changed = serializers.IntegerField(help_text="Verdicts that would change.")
    changes = ChangeShown(many=True, help_text=f"The first {MOST_CHANGES} of them.")


class SimulationDoor(Door):
    """Judges every version that the edition in force or the draft guards, by both; nothing is recorded."""

    verbs = {"POST": Verb.PUBLISH_POLICY}

    @document(
        "simulate_policy",
        "Tell what a policy would change if it came into force",
        tag="policies",
        acts=True,
        body=SimulationRequest,
        answer=SimulationShown,
        refusals={404: ["unknown_policy_draft"], 422: ["policy_malformed"]},
        example={"draft": "019a9f00-0000-7000-8000-000000000003"},
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, SimulationRequest)
        if len(body) != 1:
            raise Malformed("Give the text of a policy or the uid of a draft, one of them.", field="text")
        text = body["text"] if "text" in body else get_draft(body["draft"]).text
        simulation = simulate(read_policy(text), at=now())
        told = {
            "policy": simulation.policy,
            "replaces": simulation.replaces,
            "judged": simulation.judged,
            "changed": len(simulation.changes),
            "changes": simulation.changes[:MOST_CHANGES],
        }
        return self.shown(SimulationShown, told)
