"""What happens is told, in order, once it is committed, and for as long as it takes."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from standardwebhooks.webhooks import Webhook as Oracle

from audits import leases
from audits.trail import Entry, now, verify
from governance.errors import Malformed, NotEntitled, UnknownWebhook, UnknownWebhookDelivery
from governance.models import (
    Account,
    DeliveryState,
    Notice,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEdition,
    WebhookFeed,
    WebhookSecret,
    WebhookStatus,
)
from governance.roles import Group, Role
from governance.selectors.projections import PROJECTIONS
from governance.selectors.webhooks import get_webhook, list_webhooks, standing_of, webhooks_with_work
from governance.services.aliases import assign_alias
from governance.services.annotations import annotate_version, rename_model
from governance.services.registrations import register_named_model, register_sourced_version
from governance.services.webhook_deliveries import (
    deliver_webhook,
    forget_old_deliveries,
    order_redelivery,
    send_test,
)
from governance.services.webhooks import change_webhook, create_webhook, delete_webhook, rotate_secret
from governance.supervisor.deliverer import Deliverer
from governance.webhooks.events import Dialect
from registry.selectors import get_model, get_version
from tests import make
from tests.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)


def subscribed(olga: Account, receiver: Receiver, *events: str, **more: Any) -> tuple[UUID, str]:
    edition, secret = create_webhook(
        actor=olga.actor, name="ci", url=receiver.url(), events=events or ["model.registered"], **more
    )
    return edition.webhook, secret


def happened(*names: str) -> None:
    by = Account.objects.filter(login="training-pipeline").first() or make.contributor()
    for name in names:
        make.model(by, name)


def models_told(receiver: Receiver) -> list[str]:
    return [message.document["data"]["model"] for message in receiver.messages]


def waited(uid: UUID, hours: float = 0) -> None:
    """Let every pause be over, and if so told the message be old."""
    WebhookFeed.objects.filter(pk=uid).update(rest_until=None)
    past = now() - timedelta(hours=hours)
    WebhookDelivery.objects.filter(feed=uid, state=DeliveryState.WAITING).update(due_at=past)
    if hours:
        WebhookDelivery.objects.filter(feed=uid).update(made_at=past)


# What is told


def test_what_was_asked_for_is_told_in_order_and_signed(olga: Account, receiver: Receiver) -> None:
    happened("before")
    uid, secret = subscribed(olga, receiver)
    happened("care-a", "care-b")
    make.account("nobody")
    assert deliver_webhook(uid=uid) == 2
    assert models_told(receiver) == ["care-a", "care-b"]
    for message in receiver.messages:
        Oracle(secret).verify(message.body, message.headers)
        entry = Entry.objects.get(index=message.document["data"]["index"])
        assert message.document["type"] == entry.action == "model.registered"
        assert message.document["data"]["entry"] == str(entry.id)
        assert message.document["data"]["link"] == f"/admin/trail/{entry.index}/"
    assert deliver_webhook(uid=uid) == 0


def test_a_webhook_for_everything_hears_of_itself_first(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver, "*")
    deliver_webhook(uid=uid)
    assert [message.document["type"] for message in receiver.messages] == ["webhook.created"]


def test_one_model_or_the_beginning_of_names(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver, "*", model="care-*")
    pipeline = make.contributor()
    model = make.model(pipeline, "care-a")
    make.model(pipeline, "credit")
    make.policy()
    make.promotion(pipeline, make.version(pipeline, model))
    deliver_webhook(uid=uid)
    told = [(message.document["type"], message.document["data"]["version"]) for message in receiver.messages]
    assert set(models_told(receiver)) == {"care-a"}
    assert told[0] == ("model.registered", None)
    # A promotion is found by its version, a check run by whom it is for.
    assert {("version.registered", 1), ("promotion.requested", 1), ("check_run.ordered", 1)} <= set(told)


def test_mlflows_dialect_tells_what_mlflow_would(olga: Account, receiver: Receiver) -> None:
    events = ["registered_model.created", "model_version.created", "model_version_alias.*"]
    uid, _ = subscribed(olga, receiver, *events, dialect=Dialect.MLFLOW, secret="s3cr3t")
    pipeline = make.contributor()
    model = make.model(pipeline, tags={"department": "cardiology"})
    make.version(pipeline, model)
    assign_alias(actor=pipeline.actor, version=get_version(model.name, 1), alias="candidate")
    deliver_webhook(uid=uid)
    told = [message.document for message in receiver.messages]
    assert [(one["entity"], one["action"]) for one in told] == [
        ("registered_model", "created"),
        ("model_version", "created"),
        ("model_version_alias", "created"),
    ]
    assert told[0]["data"] == {"name": "care-programme", "tags": {"department": "cardiology"}, "description": None}
    assert told[1]["data"]["version"] == "1"
    assert told[2]["data"] == {"name": "care-programme", "alias": "candidate", "version": "1"}
    assert receiver.messages[0].headers["x-mlflow-signature"].startswith("v1,")
    assert "webhook-id" not in receiver.messages[0].headers


def test_mlflow_is_told_of_tags_one_by_one_and_of_a_version_as_it_came(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver, "model_version.created", "model_version_tag.*", dialect=Dialect.MLFLOW)
    pipeline = make.contributor()
    register_named_model(actor=pipeline.actor, name="churn")
    came_with, run = {"team": "growth"}, {"run_id": "r-7"}
    version = register_sourced_version(
        actor=pipeline.actor, model_name="churn", source="s3://models/churn/1", tags=came_with, origin=run
    )
    annotate_version(actor=pipeline.actor, version=version, tags={"team": None, "b": "2", "a": "1"})
    annotate_version(actor=pipeline.actor, version=version, description="Nothing of a tag.")
    annotate_version(actor=pipeline.actor, version=version, tags={"a": "1"})
    deliver_webhook(uid=uid)
    told = [(f"{one['entity']}.{one['action']}", one["data"]) for one in (m.document for m in receiver.messages)]
    first = {"name": "churn", "version": "1"}
    created = {"source": "s3://models/churn/1", "run_id": "r-7", "tags": came_with, "description": None}
    assert told == [
        ("model_version.created", {**first, **created}),
        ("model_version_tag.set", {**first, "key": "a", "value": "1"}),
        ("model_version_tag.set", {**first, "key": "b", "value": "2"}),
        ("model_version_tag.deleted", {**first, "key": "team"}),
    ]
    assert len({message.headers["x-mlflow-delivery-id"] for message in receiver.messages}) == 4


@pytest.mark.parametrize("asked", ["churn", "attrition", "leaving", "attr*"])
def test_a_model_is_told_of_by_its_present_name_to_whoever_asked_under_any(
    olga: Account, receiver: Receiver, asked: str
) -> None:
    pipeline, both = make.contributor(), make.account("both", Role.OPERATOR, Role.CONTRIBUTOR)
    model = register_named_model(actor=pipeline.actor, name="churn")
    make.model(pipeline, "other")
    uids = [subscribed(olga, receiver, "version.registered", model=asked)[0]]
    uids += [subscribed(olga, receiver, "model_version.created", model=asked, dialect=Dialect.MLFLOW)[0]]
    for name in ("attrition", "leaving"):
        rename_model(actor=both.actor, model=get_model("churn"), name=name)
    for name in (model.name, "other"):
        register_sourced_version(actor=pipeline.actor, model_name=name, source="s3://models/1")
    for uid in uids:
        deliver_webhook(uid=uid)
    ours, theirs = (message.document["data"] for message in receiver.messages)
    assert (ours["model"], ours["version"]) == ("leaving", 1)
    assert (theirs["name"], theirs["version"]) == ("leaving", "1")


def test_no_sealed_text_leaves_the_house(olga: Account, receiver: Receiver) -> None:
    make.policy()
    uid, _ = subscribed(olga, receiver, "*")
    pipeline, rita = make.contributor(), make.reviewer("rita-risk", Group.RISK)
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version)
    make.approved([rita], make.promotion(pipeline, version))
    deliver_webhook(uid=uid)
    said = " ".join(message.body.decode() for message in receiver.messages)
    assert "approval.given" in said
    assert "I have read it" not in said
    assert "Rita" not in said


# When it does not arrive


def test_what_fails_is_sent_again_under_the_same_id_and_every_attempt_is_kept(
    olga: Account, receiver: Receiver
) -> None:
    uid, _ = subscribed(olga, receiver)
    happened("care")
    receiver.answers, receiver.text = [500, 429], b"not now"
    for _ in range(3):
        deliver_webhook(uid=uid)
        waited(uid)
    delivery = WebhookDelivery.objects.get()
    assert {message.id for message in receiver.messages} == {str(delivery.uid)}
    assert len({message.body for message in receiver.messages}) == 1
    assert [(attempt.status, attempt.answer) for attempt in delivery.attempts.all()] == [
        (500, "not now"),
        (429, "not now"),
        (204, ""),
    ]
    assert delivery.state == DeliveryState.DELIVERED
    assert standing_of(uid)["health"] == "well"


def test_a_receiver_that_is_not_well_is_left_in_peace(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver)
    happened("care-a", "care-b", "care-c")
    receiver.answers = [503]
    assert deliver_webhook(uid=uid) == 1
    assert webhooks_with_work(at=now()) == []
    assert standing_of(uid)["health"] == "failing"
    # Back again, it gets everything at once and in order, what failed included.
    assert webhooks_with_work(at=now() + timedelta(seconds=6)) == [uid]
    WebhookFeed.objects.update(rest_until=None)
    deliver_webhook(uid=uid)
    assert sorted(models_told(receiver)[1:]) == ["care-a", "care-b", "care-c"]


def test_a_message_that_is_refused_for_itself_holds_no_other_up(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver)
    happened("care-a", "care-b")
    receiver.answers = [400]
    deliver_webhook(uid=uid)
    assert models_told(receiver) == ["care-a", "care-b"]
    first, second = WebhookDelivery.objects.order_by("index")
    assert (first.state, second.state) == (DeliveryState.WAITING, DeliveryState.DELIVERED)
    assert timedelta(0) < first.due_at - now() <= timedelta(seconds=5)


def test_after_a_day_it_is_given_up_and_whoever_set_it_is_told_once(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver)
    happened("care-a", "care-b")
    receiver.answers = [500, 500, 500]
    deliver_webhook(uid=uid)
    waited(uid, hours=23.9)
    deliver_webhook(uid=uid)
    assert WebhookDelivery.objects.filter(state=DeliveryState.DEAD).count() == 0
    receiver.answers = [500, 500]
    for _ in range(2):
        waited(uid, hours=24)
        deliver_webhook(uid=uid)
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {DeliveryState.DEAD}
    (notice,) = Notice.objects.all()
    assert notice.account == olga
    assert notice.about == f"webhook/{uid}"
    assert standing_of(uid)["dead"] == 2


def test_what_was_given_up_is_sent_again_by_hand(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver)
    happened("care")
    receiver.answers = [500]
    deliver_webhook(uid=uid)
    waited(uid, hours=25)
    receiver.answers = [500]
    deliver_webhook(uid=uid)
    delivery = WebhookDelivery.objects.get()
    assert delivery.state == DeliveryState.DEAD
    order_redelivery(actor=olga.actor, uid=delivery.uid)
    deliver_webhook(uid=uid)
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.DELIVERED
    assert Entry.objects.latest("index").action == "webhook.redelivery_ordered"
    with pytest.raises(UnknownWebhookDelivery):
        order_redelivery(actor=olga.actor, uid=uuid4())


def test_a_private_address_is_refused_when_it_is_connected_to(olga: Account, receiver: Receiver, settings: Any) -> None:
    uid, _ = subscribed(olga, receiver)
    happened("care")
    settings.WEBHOOK_PRIVATE = False
    deliver_webhook(uid=uid)
    assert receiver.messages == []
    assert "not public" in WebhookAttempt.objects.get().problem


# Leases


def test_one_at_a_time_delivers_for_a_webhook(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver)
    happened("care")
    rows = WebhookFeed.objects.filter(pk=uid)
    token = leases.take(rows, at=now(), seconds=30)
    assert deliver_webhook(uid=uid) == 0
    assert webhooks_with_work(at=now()) == []
    # Who fell silent is succeeded.
    assert webhooks_with_work(at=now() + timedelta(seconds=31)) == [uid]
    assert token
    assert leases.give_back(rows, token=token)
    assert deliver_webhook(uid=uid) == 1


def test_who_was_asleep_while_sending_records_nothing(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver)
    happened("care")
    taken = receiver.take

    def succeeded(message: Any) -> None:
        """While the message is under way the lease runs out, and somebody else takes the webhook."""
        taken(message)
        rows = WebhookFeed.objects.filter(pk=uid)
        leases.take(rows, at=now() + timedelta(hours=1), seconds=30)
        connection.close()

    receiver.take = succeeded  # type: ignore[method-assign]
    assert deliver_webhook(uid=uid) == 0
    assert WebhookAttempt.objects.count() == 0
    assert WebhookDelivery.objects.get().state == DeliveryState.WAITING


# How it is set


def test_a_paused_webhook_keeps_its_place(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver)
    change_webhook(actor=olga.actor, uid=uid, changes={"status": WebhookStatus.PAUSED})
    happened("care-a")
    assert webhooks_with_work(at=now()) == []
    assert deliver_webhook(uid=uid) == 0
    change_webhook(actor=olga.actor, uid=uid, changes={"status": WebhookStatus.ACTIVE, "name": "again"})
    Deliverer().round()
    assert models_told(receiver) == ["care-a"]
    actions = Entry.objects.filter(subject=f"webhook/{uid}").order_by("index").values_list("action", flat=True)
    assert list(actions) == ["webhook.created", "webhook.paused", "webhook.resumed"]
    assert get_webhook(uid).number == 3
    change_webhook(actor=olga.actor, uid=uid, changes={"name": "again"})
    assert get_webhook(uid).number == 3


def test_the_secret_is_kept_sealed_and_both_sign_while_it_is_rotated(olga: Account, receiver: Receiver) -> None:
    uid, old = subscribed(olga, receiver)
    _, new = rotate_secret(actor=olga.actor, uid=uid)
    kept = b"".join(bytes(row.sealed) for row in WebhookSecret.objects.all())
    assert old.encode() not in kept
    assert new.encode() not in kept
    assert [text for text in Entry.objects.values_list("text", flat=True) if old in text or new in text] == []
    happened("care")
    deliver_webhook(uid=uid)
    (message,) = receiver.messages
    for secret in (old, new):
        Oracle(secret).verify(message.body, message.headers)
    forget_old_deliveries(at=now() + timedelta(days=2))
    assert WebhookSecret.objects.count() == 1


def test_with_another_key_of_the_installation_nothing_is_sent_and_it_is_said_why(
    olga: Account, receiver: Receiver, settings: Any
) -> None:
    uid, _ = subscribed(olga, receiver)
    happened("care")
    settings.SECRET_KEY = "another"
    deliver_webhook(uid=uid)
    assert receiver.messages == []
    assert "COUNTERSIGN_SECRET_KEY" in WebhookAttempt.objects.get().problem


def test_a_deleted_webhook_is_gone_but_for_the_trail(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver)
    happened("care")
    deliver_webhook(uid=uid)
    delete_webhook(actor=olga.actor, uid=uid)
    left = (WebhookFeed, WebhookSecret, WebhookDelivery, WebhookAttempt)
    assert [model.objects.count() for model in left] == [0, 0, 0, 0]
    assert list(list_webhooks()) == []
    assert WebhookEdition.objects.filter(webhook=uid).count() == 2
    assert deliver_webhook(uid=uid) == 0
    for act in (delete_webhook, send_test, rotate_secret):
        with pytest.raises(UnknownWebhook):
            act(actor=olga.actor, uid=uid)  # type: ignore[operator]
    assert verify(projections=PROJECTIONS).is_whole


def test_a_test_is_sent_at_once_and_stands_on_the_trail(olga: Account, receiver: Receiver) -> None:
    uid, secret = subscribed(olga, receiver)
    assert send_test(actor=olga.actor, uid=uid).has_arrived
    (message,) = receiver.messages
    assert Oracle(secret).verify(message.body, message.headers)["type"] == "webhook.tested"
    assert Entry.objects.latest("index").action == "webhook.tested"
    assert message.id == str(Entry.objects.latest("index").id)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "http://hooks.example.org/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["version.mooved"]}, "events"),
        ({"events": ["versions.*"]}, "events"),
        ({"model": "Care Programme"}, "model"),
        ({"secret": "weak"}, "secret"),
        ({"secret": ""}, "secret"),
        ({"status": "deleted"}, "status"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_kept(
    olga: Account, changes: dict[str, Any], field: str
) -> None:
    said = {"name": "ci", "url": "https://hooks.example.org/", "events": ["*"]}
    with pytest.raises(Malformed) as refusal:
        create_webhook(actor=olga.actor, **{**said, **changes})
    assert refusal.value.context["field"] == field
    assert WebhookFeed.objects.count() == WebhookEdition.objects.count() == 0


def test_only_operators_subscribe(transactional_db: None) -> None:
    pipeline = make.contributor()
    with pytest.raises(NotEntitled):
        create_webhook(actor=pipeline.actor, name="x", url="https://hooks.example.org/", events=["*"])


def test_old_deliveries_are_forgotten_and_waiting_ones_are_not(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver)
    happened("care-a")
    deliver_webhook(uid=uid)
    happened("care-b")
    receiver.answers = [500]
    deliver_webhook(uid=uid)
    forget_old_deliveries(at=now() + timedelta(days=29))
    assert WebhookDelivery.objects.count() == 2
    forget_old_deliveries(at=now() + timedelta(days=31))
    assert [delivery.state for delivery in WebhookDelivery.objects.all()] == [DeliveryState.WAITING]


def test_looking_whether_there_is_work_costs_the_same_with_many_entries(olga: Account, receiver: Receiver) -> None:
    uid, _ = subscribed(olga, receiver)
    happened(*(f"care-{number}" for number in range(20)))
    with CaptureQueriesContext(connection) as asked:
        assert webhooks_with_work(at=now()) == [uid]
    assert len(asked) == 2
