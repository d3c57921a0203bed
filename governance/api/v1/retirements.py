"""How is a version taken out?"""

from collections.abc import Callable

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from governance.api.door import Door, actor_of, read_body
from governance.api.fields import ActorField, Choice, Strict, Text
from governance.api.reach import Reach
from governance.api.schema import document
from governance.models import Retirement, RetirementKind
from governance.roles import Verb
from governance.scopes import TARGETS
from governance.services.retirements import delete_version, retire_version, suspend_version
from registry.selectors import get_version


class RetirementRequest(Strict):
    reason = Text(help_text="Why, in a sentence.")


class RetirementShown(serializers.Serializer[Retirement]):
    """Somebody took a version out on purpose."""

    uid = serializers.UUIDField()
    model = serializers.CharField(source="version.model.name")
    version = serializers.IntegerField(source="version.number")
    kind = Choice(RetirementKind.choices)
    reason = serializers.CharField()
    taken_out_by = ActorField()
    taken_out_at = serializers.DateTimeField()


def _taken_out(door: Door, request: Request, name: str, number: int, take_out: Callable[..., Retirement]) -> Response:
    version = get_version(name, number)
    reason = read_body(request, RetirementRequest)["reason"]
    done = take_out(actor=actor_of(request), version=version, reason=reason)
    location = reverse("version", kwargs={"name": name, "number": number})
    return door.created(RetirementShown, done, location=location)


class SuspensionDoor(Door):
    reach = Reach(address=True, targets=("production",))
    verbs = {"POST": Verb.SUSPEND}

    @document(
        "suspend_version",
        "Take a live version out at once",
        tag="versions",
        path=["name", "number"],
        acts=True,
        body=RetirementRequest,
        answer=RetirementShown,
        status=201,
        refusals={404: ["unknown_version"], 409: ["move_impossible"]},
        example={"reason": "It turns away everybody over 80."},
    )
    def post(self, request: Request, name: str, number: int) -> Response:
        return _taken_out(self, request, name, number, suspend_version)


class RetirementDoor(Door):
    reach = Reach(address=True, targets=TARGETS)
    verbs = {"POST": Verb.SUSPEND}

    @document(
        "retire_version",
        "Take a version out for good",
        tag="versions",
        path=["name", "number"],
        acts=True,
        body=RetirementRequest,
        answer=RetirementShown,
        status=201,
        refusals={404: ["unknown_version"], 409: ["move_impossible"]},
        example={"reason": "The ward it was made for is closed."},
    )
    def post(self, request: Request, name: str, number: int) -> Response:
        return _taken_out(self, request, name, number, retire_version)


class DeletionDoor(Door):
    reach = Reach(address=True, targets=TARGETS)
    verbs = {"POST": Verb.ADMINISTER}

    @document(
        "delete_version",
        "Delete a version that is not live; its number and its digest stay taken",
        tag="versions",
        path=["name", "number"],
        acts=True,
        body=RetirementRequest,
        answer=RetirementShown,
        status=201,
        refusals={404: ["unknown_version"], 409: ["version_live", "version_deleted"]},
        example={"reason": "Trained on the wrong table."},
    )
    def post(self, request: Request, name: str, number: int) -> Response:
        return _taken_out(self, request, name, number, delete_version)
