"""How did a version come to stand where it stands?"""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.door import Door, read_query
from governance.api.fields import Choice, PageQuery
from governance.api.reach import OF_MODEL
from governance.api.schema import document, paged
from governance.roles import Verb
from registry.models import StageTransition
from registry.selectors import get_version
from registry.stages import Stage


class MoveShown(serializers.Serializer[StageTransition]):
    """A version moved to a stage, or to another step of the rollout."""

    from_stage = Choice([*Stage.choices, ("", "")], help_text="Empty for the first.")
    to_stage = Choice(Stage.choices)
    rollout = serializers.CharField(help_text="In production: how far.")
    percent = serializers.IntegerField(help_text="Of a canary: share of the traffic.")
    because = serializers.CharField(help_text="What allowed it, such as promotion/uid.")
    moved_at = serializers.DateTimeField()


class MovesDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ}

    @document(
        "list_moves",
        "List how a version came to stand where it stands, newest first",
        tag="versions",
        path=["name", "number"],
        query=PageQuery,
        answer=paged(MoveShown),
        refusals={404: ["unknown_version"]},
    )
    def get(self, request: Request, name: str, number: int) -> Response:
        rows = StageTransition.objects.filter(version=get_version(name, number))
        return self.listed(MoveShown, rows, read_query(request, PageQuery))
