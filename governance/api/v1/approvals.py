"""What does a word about a promotion say, and what is kept of it?"""

from typing import Any

from rest_framework import serializers

from governance.api.fields import ActorField, Choice, Digest, Line, Password, Strict, Text
from governance.api.v1.conditions import ConditionShown
from governance.models import ApprovalVerdict
from governance.policy_format import MEANINGS
from governance.roles import Group
from governance.selectors.words import Content
from governance.services.accounts import get_person
from governance.services.conditions import MOST, Demand


class ContentRead(Strict):
    """What stands before whoever decides: the digests, and the number of the gate's last answer."""

    artifact_sha256 = Digest()
    evidence_sha256 = Digest()
    policy_sha256 = Digest(help_text="Of the set of policies.")
    decision = serializers.IntegerField(min_value=0, max_value=999_999_999, help_text="0: the gate has not answered.")


class ConditionRequest(Strict):
    """Something to be done after the yes; when it is overdue, the yes is revoked."""

    text = Text(help_text="What must be done.")
    owner = Line(max_length=150, help_text="Login or uid of the person who must do it.")
    due_at = serializers.DateTimeField(help_text="In the future, within 365 days.")


class ApprovalRequest(Strict):
    verdict = Choice(ApprovalVerdict.choices)
    group = Choice([group.value for group in Group], help_text="Group you speak for.")
    reason = Text(help_text="Why, in a sentence.")
    on_behalf_of = Line(
        required=False, max_length=150, help_text="Login or uid of who delegated the right to speak to you."
    )
    meaning = Choice(MEANINGS, required=False, help_text="What your signature means, where a policy asks.")
    password = Password()
    conditions = serializers.ListField(
        child=ConditionRequest(), required=False, max_length=MOST, help_text="Of an approval."
    )
    seen = ContentRead(
        required=False, help_text="`content` of the promotion as you read it; anything else since then is refused."
    )

    def validate(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["verdict"] == ApprovalVerdict.REFUSE and body.get("conditions"):
            raise serializers.ValidationError({"conditions": "A refusal has no conditions."})
        return body


def word_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return a validated body as the services take it. Raises: UnknownAccount."""
    word: dict[str, Any] = {name: body[name] for name in ("reason", "meaning", "password") if name in body}
    word["group"] = Group(body["group"])
    if "on_behalf_of" in body:
        word["on_behalf_of"] = get_person(body["on_behalf_of"])
    if "seen" in body:
        word["seen"] = Content(**body["seen"])
    if body.get("conditions"):
        word["conditions"] = [
            Demand(asked["text"], get_person(asked["owner"]), asked["due_at"]) for asked in body["conditions"]
        ]
    return word


class LapseShown(serializers.Serializer[Any]):
    """An approval counts no more: what changed after it was given."""

    because = serializers.CharField(help_text="artifact, evidence, policies, or several.")
    lapsed_at = serializers.DateTimeField()


class ApprovalShown(serializers.Serializer[Any]):
    """One person's yes or no, bound to the content that person saw."""

    uid = serializers.UUIDField()
    approver = ActorField()
    on_behalf_of = ActorField(allow_null=True, help_text="Who delegated the right to speak; null: nobody.")
    group = serializers.CharField()
    verdict = Choice(ApprovalVerdict.choices)
    reason = serializers.CharField()
    meaning = Choice([*MEANINGS, ""], help_text="What the signature means; empty: none was asked.")
    reauthenticated_at = serializers.DateTimeField(
        allow_null=True, help_text="When the password was given again to sign; null: it was not."
    )
    artifact_sha256 = serializers.CharField()
    evidence_sha256 = serializers.CharField()
    policy_sha256 = serializers.CharField()
    given_at = serializers.DateTimeField()
    conditions = ConditionShown(many=True)
    lapsed = LapseShown(source="lapse", default=None, allow_null=True)


class RecusalRequest(Strict):
    reason = Text(help_text="Why you step aside, in a sentence.")


class RecusalShown(serializers.Serializer[Any]):
    """Somebody stepped aside from a promotion."""

    person = ActorField()
    reason = serializers.CharField()
    recused_at = serializers.DateTimeField()
