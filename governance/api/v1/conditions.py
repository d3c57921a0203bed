"""What does a yes still depend on, and who confirms that it is done?"""

from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.trail import now
from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.fields import ActorField, Choice, PageQuery, Password, Strict, Text, given
from governance.api.reach import Reach
from governance.api.schema import document, paged
from governance.models import Condition
from governance.roles import Verb
from governance.selectors.conditions import ConditionState, get_condition, list_conditions, standing_as, state_of
from governance.services.conditions import fulfil_condition

OF_CONDITION = Reach(
    row=Condition, model="approval__promotion__version__model__name", target="approval__promotion__target"
)
STATES = [state.value for state in ConditionState]


class ConditionShown(serializers.Serializer[Condition]):
    """What an approver wants done after the yes; overdue, it revokes the approval."""

    uid = serializers.UUIDField()
    promotion = serializers.UUIDField(source="approval.promotion.uid")
    group = serializers.CharField(source="approval.group", help_text="Group whose approval depends on it.")
    text = serializers.CharField()
    owner = ActorField(help_text="Who must do it.")
    set_by = ActorField()
    set_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    state = serializers.SerializerMethodField()
    met_by = ActorField(source="fulfilment.met_by", default=None, allow_null=True)
    met_at = serializers.DateTimeField(source="fulfilment.met_at", default=None, allow_null=True)
    note = serializers.CharField(source="fulfilment.note", default=None, allow_null=True)

    @extend_schema_field(Choice(STATES))
    def get_state(self, condition: Condition) -> str:
        return state_of(condition, at=now()).value


class ConditionQuery(PageQuery):
    state = Choice(STATES, required=False)
    promotion = serializers.UUIDField(required=False)


class Fulfilment(Strict):
    note = Text(help_text="What you saw, in a sentence.")
    password = Password()


class ConditionsDoor(Door):
    reach = OF_CONDITION
    verbs = {"GET": Verb.READ}

    @document(
        "list_conditions",
        "List what approvals depend on, newest first",
        tag="promotions",
        query=ConditionQuery,
        answer=paged(ConditionShown),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, ConditionQuery)
        rows = list_conditions().filter(**given(query, {"promotion": "approval__promotion__uid"}))
        if state := query.get("state"):
            rows = rows.filter(standing_as(ConditionState(state), at=now()))
        return self.listed(ConditionShown, rows, query)


class ConditionDoor(Door):
    reach = OF_CONDITION
    verbs = {"GET": Verb.READ}

    @document(
        "get_condition",
        "Read a condition of an approval",
        tag="promotions",
        path=["uid"],
        answer=ConditionShown,
        refusals={404: ["unknown_condition"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(ConditionShown, get_condition(uid))


class FulfilmentDoor(Door):
    reach = OF_CONDITION
    verbs = {"POST": Verb.REVIEW}

    @document(
        "fulfil_condition",
        "Confirm that a condition is met; whoever must meet it does not",
        tag="promotions",
        path=["uid"],
        acts=True,
        body=Fulfilment,
        answer=ConditionShown,
        status=201,
        refusals={403: ["signature_refused"], 404: ["unknown_condition"], 409: ["condition_closed"]},
        example={"note": "The autumn sample is measured: 4,000 rows, the interval is above the limit."},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        body = read_body(request, Fulfilment)
        fulfil_condition(actor=actor_of(request), uid=uid, **body)
        return self.created(ConditionShown, get_condition(uid), location=reverse("condition", kwargs={"uid": uid}))
