"""Which programs are told of what happens, and did they take it?"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from governance.api.door import Door, actor_of, read_body, read_query, shown
from governance.api.fields import ActorField, Choice, Line, Nothing, PageQuery, Strict, Text, given
from governance.api.schema import document, paged
from governance.models import DeliveryState, WebhookDelivery, WebhookEdition, WebhookStatus
from governance.roles import Verb
from governance.selectors.webhooks import (
    Health,
    get_delivery,
    get_webhook,
    list_deliveries,
    list_webhooks,
    standing_of,
)
from governance.services.webhook_deliveries import order_redelivery, send_test
from governance.services.webhooks import change_webhook, create_webhook, delete_webhook, rotate_secret
from governance.webhooks.addresses import LONGEST
from governance.webhooks.events import Dialect
from governance.webhooks.sending import Answer

STATUSES = [WebhookStatus.ACTIVE.value, WebhookStatus.PAUSED.value]
EXAMPLE = {
    "name": "deploy on promotion",
    "url": "https://hooks.example.org/countersign",
    "events": ["version.moved", "alias.*"],
    "model": "care-*",
}
HOURS_A_WEEK = 168


class _Settings(Strict):
    """What can be set anew at any time."""

    name = Line(max_length=120)
    url = serializers.CharField(max_length=LONGEST, help_text="https, to a public address; it stays on record.")
    events = serializers.ListField(
        child=Line(max_length=60),
        max_length=100,
        help_text="Actions such as version.moved, a noun such as version.*, or * for everything; in MLflow's dialect "
        "entity.action such as model_version.created.",
    )
    model = Line(
        max_length=121,
        required=False,
        allow_blank=True,
        help_text="Only what concerns this model, or models whose names begin like care-*; everything when empty.",
    )
    description = Text(max_length=2000, required=False, allow_blank=True)
    status = Choice(STATUSES, required=False)


class WebhookRequest(_Settings):
    dialect = Choice([dialect.value for dialect in Dialect], default=Dialect.COUNTERSIGN.value)
    secret = serializers.CharField(
        required=False,
        max_length=200,
        help_text="whsec_ and the base64 of 24 to 64 random bytes; in MLflow's dialect any text. One is made when it "
        "is left out.",
    )


class WebhookChange(_Settings):
    """What is left out stays as it is."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields


class SecretRotation(Strict):
    secret = serializers.CharField(required=False, max_length=200, help_text="One is made when it is left out.")
    overlap_hours = serializers.IntegerField(
        default=24, min_value=0, max_value=HOURS_A_WEEK, help_text="How long the earlier secret signs as well."
    )


class TestRequest(Strict):
    event = Line(max_length=60, required=False, help_text="Which example, in MLflow's dialect; else the first event.")


class Standing(serializers.Serializer[Any]):
    """How the receiver is, as far as it can be told from here."""

    health = Choice([health.value for health in Health])
    failures = serializers.IntegerField(help_text="Attempts in a row in which the receiver was not well.")
    rest_until = serializers.DateTimeField(allow_null=True, help_text="Nothing is sent before this.")
    behind = serializers.IntegerField(help_text="Entries of the trail that were not looked at yet.")
    waiting = serializers.IntegerField(help_text="Messages that wait for an attempt.")
    dead = serializers.IntegerField(help_text="Messages that were given up.")
    last_arrived_at = serializers.DateTimeField(allow_null=True)


class WebhookShown(serializers.Serializer[WebhookEdition]):
    """A program that is told of what happens. Its secret is never shown again."""

    uid = serializers.UUIDField(source="webhook")
    name = serializers.CharField()
    description = serializers.CharField()
    url = serializers.CharField()
    dialect = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    model = serializers.CharField(help_text="Empty: everything.")
    status = Choice(WebhookStatus.choices)
    edition = serializers.IntegerField(source="number", help_text="1, 2, 3 … with every change.")
    set_by = ActorField()
    set_at = serializers.DateTimeField()


class WebhookStanding(WebhookShown):
    """A webhook, and how its receiver is."""

    standing = serializers.SerializerMethodField()

    @extend_schema_field(Standing)
    def get_standing(self, edition: WebhookEdition) -> dict[str, Any]:
        return dict(Standing(standing_of(edition.webhook)).data)


class WebhookWithSecret(WebhookShown):
    """A webhook with the secret it signs with, which is shown this once."""

    secret = serializers.CharField(help_text="For the receiver. Keep it now: it is not shown again.")


class AttemptShown(serializers.Serializer[Any]):
    """One try, and what was answered."""

    at = serializers.DateTimeField()
    milliseconds = serializers.IntegerField()
    status = serializers.IntegerField(help_text="HTTP status; 0 when nothing came back.")
    answer = serializers.CharField(help_text="Beginning of the answer.")
    problem = serializers.CharField(help_text="Why nothing came back, or what is wrong with it.")


class DeliveryShown(serializers.Serializer[WebhookDelivery]):
    """One message, and how far it got."""

    uid = serializers.UUIDField(help_text="The message's id, the same in every attempt.")
    webhook = serializers.UUIDField(source="feed_id")
    index = serializers.IntegerField(help_text="Of the entry it tells of.")
    event = serializers.CharField()
    body = serializers.CharField(help_text="As it is sent, byte for byte.")
    state = Choice(DeliveryState.choices)
    due_at = serializers.DateTimeField(help_text="While it waits: not tried before this.")
    ended_at = serializers.DateTimeField(allow_null=True, help_text="When it arrived or was given up.")
    attempts = AttemptShown(many=True, help_text="The first one first.")


class TestShown(serializers.Serializer[Answer]):
    """What came of a test message."""

    arrived = serializers.BooleanField(source="has_arrived")
    status = serializers.IntegerField(help_text="HTTP status; 0 when nothing came back.")
    answer = serializers.CharField(source="body")
    problem = serializers.CharField()
    milliseconds = serializers.IntegerField()


class DeliveryQuery(PageQuery):
    state = Choice(DeliveryState.choices, required=False)


class WebhooksDoor(Door):
    verbs = {"GET": Verb.ADMINISTER, "POST": Verb.ADMINISTER}
    shown_once = frozenset({"secret"})

    @document(
        "create_webhook",
        "Tell a program of what happens from now on",
        tag="webhooks",
        acts=True,
        body=WebhookRequest,
        answer=WebhookWithSecret,
        status=201,
        example=EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, WebhookRequest)
        dialect = Dialect(body.pop("dialect"))
        edition, secret = create_webhook(actor=actor_of(request), dialect=dialect, **body)
        return _with_secret(edition, secret)

    @document(
        "list_webhooks", "List webhooks, newest first", tag="webhooks", query=PageQuery, answer=paged(WebhookShown)
    )
    def get(self, request: Request) -> Response:
        return self.listed(WebhookShown, list_webhooks(), read_query(request))


class WebhookDoor(Door):
    verbs = {"GET": Verb.ADMINISTER}

    @document(
        "get_webhook",
        "Read how a webhook is set and how its receiver is",
        tag="webhooks",
        path=["uid"],
        answer=WebhookStanding,
        refusals={404: ["unknown_webhook"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(WebhookStanding, get_webhook(uid))


class WebhookChangeDoor(Door):
    verbs = {"POST": Verb.ADMINISTER}

    @document(
        "change_webhook",
        "Set a webhook anew, pause it or resume it",
        tag="webhooks",
        path=["uid"],
        acts=True,
        body=WebhookChange,
        answer=WebhookShown,
        status=201,
        refusals={404: ["unknown_webhook"]},
        example={"status": "paused"},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        edition = change_webhook(actor=actor_of(request), uid=uid, changes=read_body(request, WebhookChange))
        return self.created(WebhookShown, edition, location=_address(uid))


class WebhookSecretDoor(Door):
    verbs = {"POST": Verb.ADMINISTER}
    shown_once = frozenset({"secret"})

    @document(
        "rotate_webhook_secret",
        "Sign with another secret, and for a while with both",
        tag="webhooks",
        path=["uid"],
        acts=True,
        body=SecretRotation,
        answer=WebhookWithSecret,
        status=201,
        refusals={404: ["unknown_webhook"]},
        example={"overlap_hours": 48},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        body = read_body(request, SecretRotation)
        overlap = timedelta(hours=body["overlap_hours"])
        edition, secret = rotate_secret(actor=actor_of(request), uid=uid, secret=body.get("secret"), overlap=overlap)
        return _with_secret(edition, secret)


class WebhookDeletionDoor(Door):
    verbs = {"POST": Verb.ADMINISTER}

    @document(
        "delete_webhook",
        "End a webhook and remove its secrets and deliveries",
        tag="webhooks",
        path=["uid"],
        acts=True,
        answer=WebhookShown,
        status=201,
        refusals={404: ["unknown_webhook"]},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        read_body(request, Nothing)
        edition = delete_webhook(actor=actor_of(request), uid=uid)
        return self.created(WebhookShown, edition, location=_address(uid))


class WebhookTestDoor(Door):
    verbs = {"POST": Verb.ADMINISTER}

    @document(
        "test_webhook",
        "Send a test message at once",
        tag="webhooks",
        path=["uid"],
        acts=True,
        body=TestRequest,
        answer=TestShown,
        refusals={404: ["unknown_webhook"]},
        example={},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        event = read_body(request, TestRequest).get("event", "")
        return self.shown(TestShown, send_test(actor=actor_of(request), uid=uid, event=event))


class WebhookDeliveriesDoor(Door):
    verbs = {"GET": Verb.ADMINISTER}

    @document(
        "list_webhook_deliveries",
        "List what was or will be sent to a webhook, newest first",
        tag="webhooks",
        path=["uid"],
        query=DeliveryQuery,
        answer=paged(DeliveryShown),
        refusals={404: ["unknown_webhook"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        query = read_query(request, DeliveryQuery)
        rows = list_deliveries(get_webhook(uid).webhook).filter(**given(query, {"state": "state"}))
        return self.listed(DeliveryShown, rows, query)


class WebhookDeliveryDoor(Door):
    verbs = {"GET": Verb.ADMINISTER}

    @document(
        "get_webhook_delivery",
        "Read a message and every attempt to deliver it",
        tag="webhooks",
        path=["uid"],
        answer=DeliveryShown,
        refusals={404: ["unknown_webhook_delivery"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(DeliveryShown, get_delivery(uid))


class RedeliveryDoor(Door):
    verbs = {"POST": Verb.ADMINISTER}

    @document(
        "redeliver_webhook_delivery",
        "Have a message sent once more, under its old id",
        tag="webhooks",
        path=["uid"],
        acts=True,
        answer=DeliveryShown,
        status=201,
        refusals={404: ["unknown_webhook_delivery"]},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        read_body(request, Nothing)
        delivery = order_redelivery(actor=actor_of(request), uid=uid)
        return self.created(DeliveryShown, delivery, location=reverse("webhook-delivery", kwargs={"uid": uid}))


def _with_secret(edition: WebhookEdition, secret: str) -> Response:
    document = {**shown(WebhookShown, edition), "secret": secret}
    return Response(document, status=201, headers={"Location": _address(edition.webhook)})


def _address(uid: UUID) -> str:
    return str(reverse("webhook", kwargs={"uid": uid}))
