"""How long does the certification of a version in production hold, and what has happened since?"""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.trail import now
from governance.api.door import Door, actor_of, read_body, read_query, shown
from governance.api.fields import ActorField, Choice, PageQuery, Strict, Text
from governance.api.pagination import page_of
from governance.api.reach import OF_MODEL, Reach
from governance.api.schema import document, paged
from governance.models import RecertificationTrigger, TriggerKind
from governance.roles import Verb
from governance.selectors.certifications import (
    Certification,
    CertificationState,
    certification_of,
    live_certifications,
)
from governance.services.certifications import raise_trigger
from registry.models import ModelVersion
from registry.selectors import get_version
from registry.stages import Stage


class Trigger(serializers.Serializer[RecertificationTrigger]):
    """Something that happened; it makes a version due where a policy names its kind."""

    uid = serializers.UUIDField()
    kind = Choice(TriggerKind.choices)
    because = serializers.CharField(help_text="What happened elsewhere, such as version/name/number; may be empty.")
    reason = serializers.CharField()
    raised_by = ActorField()
    raised_at = serializers.DateTimeField()


class TermShown(serializers.Serializer[Any]):
    """What one policy says about it."""

    policy = serializers.CharField(source="item.policy.name")
    number = serializers.IntegerField(source="item.edition.number")
    due_at = serializers.DateTimeField()
    overdue_at = serializers.DateTimeField()
    consequence = Choice(["warn", "block_moves", "withdraw_alias"])


class CertificationShown(serializers.Serializer[Certification]):
    """How a version stands now. Without terms, no policy asks for its re-certification."""

    model = serializers.CharField(source="version.model.name")
    version = serializers.IntegerField(source="version.number")
    stage = Choice(Stage.choices, source="version.position.stage")
    state = Choice([state.value for state in CertificationState])
    certified_at = serializers.DateTimeField(allow_null=True, help_text="Its last promotion into production.")
    promotion = serializers.UUIDField(source="promotion.uid", allow_null=True, default=None)
    due_at = serializers.DateTimeField(allow_null=True)
    overdue_at = serializers.DateTimeField(allow_null=True)
    consequences = serializers.ListField(
        child=serializers.CharField(), help_text="What the policies that are overdue want."
    )
    terms = TermShown(many=True)
    triggers = Trigger(many=True, help_text="What was raised since it was certified.")


class CertificationDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ}

    @document(
        "get_certification",
        "Read how long a version's certification holds",
        tag="certifications",
        path=["name", "number"],
        answer=CertificationShown,
        refusals={404: ["unknown_version"]},
    )
    def get(self, request: Request, name: str, number: int) -> Response:
        return self.shown(CertificationShown, certification_of(get_version(name, number), at=now()))


class CertificationQuery(PageQuery):
    state = Choice(
        [state.value for state in CertificationState if state is not CertificationState.NOT_LIVE], required=False
    )


class CertificationsDoor(Door):
    """Every version in production, and every suspended one."""

    reach = Reach(model="model__name")
    verbs = {"GET": Verb.READ}

    @document(
        "list_certifications",
        "List how the live versions stand, newest version first",
        tag="certifications",
        query=CertificationQuery,
        answer=paged(CertificationShown),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, CertificationQuery)
        # The state follows from policies and the hour: it is computed for all that is live, which is not much.
        found = {
            one.version.pk: one for one in live_certifications(at=now()) if query.get("state") in {None, one.state}
        }
        rows = self.reachable(ModelVersion.objects.filter(pk__in=found))
        page = page_of(rows, cursor=query.get("cursor"), limit=query["limit"])
        items = shown(CertificationShown, [found[row.pk] for row in page.rows], many=True)
        return Response({"items": items, "next": page.next})


class TriggerToRaise(Strict):
    kind = Choice(TriggerKind.choices)
    reason = Text(help_text="What happened, in a sentence.")


class TriggersDoor(Door):
    reach = OF_MODEL
    verbs = {"POST": Verb.TRIGGER}

    @document(
        "raise_trigger",
        "Say that something happened which makes a version due for re-certification",
        tag="certifications",
        path=["name", "number"],
        acts=True,
        body=TriggerToRaise,
        answer=Trigger,
        status=201,
        refusals={404: ["unknown_version"], 409: ["move_impossible"]},
        example={"kind": "drift", "reason": "The scores of October lie outside the band."},
    )
    def post(self, request: Request, name: str, number: int) -> Response:
        version = get_version(name, number)
        body = read_body(request, TriggerToRaise)
        row = raise_trigger(
            actor=actor_of(request), version=version, kind=TriggerKind(body["kind"]), reason=body["reason"]
        )
        location = reverse("certification", kwargs={"name": name, "number": number})
        return self.created(Trigger, row, location=location)
