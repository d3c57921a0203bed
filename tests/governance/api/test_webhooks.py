"""Webhooks, as a program sets them and looks after them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Oracle

from audits.trail import Entry
from governance.models import Account, IdempotencyKey, WebhookEdition
from governance.services.webhook_deliveries import deliver_webhook
from tests import make
from tests.governance.api.conftest import Caller
from tests.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db(transaction=True)

HOOK = {"name": "ci", "url": "https://hooks.example.org/x", "events": ["model.registered"]}


@pytest.fixture
def ops(operator: Account, calling: Callable[..., Caller]) -> Caller:
    return calling(operator)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_HTTP = settings.WEBHOOK_PRIVATE = True
    with receiving() as listener:
        yield listener


def test_from_the_subscription_to_a_redelivery(ops: Caller, receiver: Receiver) -> None:
    made = ops.send("webhooks", {**HOOK, "url": receiver.url()})
    assert made.status_code == 201
    uid, secret = made.json()["uid"], made.json()["secret"]
    assert made.headers["Location"] == f"/api/v1/webhooks/{uid}"
    make.model(make.contributor())
    deliver_webhook(uid=uid)
    Oracle(secret).verify(receiver.messages[0].body, receiver.messages[0].headers)

    shown = ops.get(f"webhooks/{uid}").json()
    assert "secret" not in shown
    assert shown["standing"]["health"] == "well"
    (delivery,) = ops.get(f"webhooks/{uid}/deliveries", {"state": "delivered"}).json()["items"]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [204]
    again = ops.send(f"webhooks/deliveries/{delivery['uid']}/redelivery")
    assert (again.status_code, again.json()["state"]) == (201, "waiting")
    deliver_webhook(uid=uid)
    assert receiver.messages[1].id == receiver.messages[0].id
    assert ops.get(f"webhooks/deliveries/{delivery['uid']}").json()["state"] == "delivered"

    tested = ops.send(f"webhooks/{uid}/test").json()
    assert (tested["arrived"], tested["status"]) == (True, 204)
    assert ops.send(f"webhooks/{uid}/changes", {"status": "paused"}).json()["status"] == "paused"
    assert ops.send(f"webhooks/{uid}/secret").json()["secret"] != secret
    assert ops.send(f"webhooks/{uid}/deletion").json()["status"] == "deleted"
    assert ops.get("webhooks").json()["items"] == []
    assert ops.get(f"webhooks/{uid}").json()["code"] == "unknown_webhook"
    assert WebhookEdition.objects.count() == 3


def test_every_act_on_a_webhook_leaves_an_entry(ops: Caller, receiver: Receiver) -> None:
    uid = ops.send("webhooks", {**HOOK, "url": receiver.url()}).json()["uid"]
    make.model(make.contributor())
    deliver_webhook(uid=uid)
    delivery = ops.get(f"webhooks/{uid}/deliveries").json()["items"][0]["uid"]
    for path, body, action in (
        (f"webhooks/{uid}/changes", {"name": "other"}, "webhook.changed"),
        (f"webhooks/{uid}/changes", {"status": "paused"}, "webhook.paused"),
        (f"webhooks/{uid}/changes", {"status": "active"}, "webhook.resumed"),
        (f"webhooks/{uid}/secret", {}, "webhook.secret_rotated"),
        (f"webhooks/{uid}/test", {}, "webhook.tested"),
        (f"webhooks/deliveries/{delivery}/redelivery", {}, "webhook.redelivery_ordered"),
        (f"webhooks/{uid}/deletion", {}, "webhook.deleted"),
    ):
        assert ops.send(path, body).status_code in {200, 201}
        newest = Entry.objects.latest("index")
        assert (newest.action, newest.subject) == (action, f"webhook/{uid}")


def test_a_secret_of_ones_own_is_taken_and_none_is_kept_for_a_replay(ops: Caller) -> None:
    secret = "whsec_" + "QUJD" * 10
    made = ops.send("webhooks", {**HOOK, "secret": secret}, headers={"Idempotency-Key": "k"})
    assert made.json()["secret"] == secret
    again = ops.send("webhooks", {**HOOK, "secret": secret}, headers={"Idempotency-Key": "k"})
    assert again.json() == {**made.json(), "secret": None}
    assert secret not in IdempotencyKey.objects.get().body


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://hooks.example.org/"}, "url"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "url"),
        ({"events": ["version.mooved"]}, "events"),
        ({"dialect": "mlflow"}, "events"),
        ({"model": "A*"}, "model"),
        ({"secret": "weak"}, "secret"),
    ],
)
def test_what_cannot_be_meant_names_the_field(ops: Caller, change: dict[str, str], field: str) -> None:
    answer = ops.send("webhooks", {**HOOK, **change})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {field}
    assert WebhookEdition.objects.count() == 0


def test_a_pipeline_sees_no_webhook(api: Caller) -> None:
    assert api.get("webhooks").status_code == 403
    assert api.send("webhooks", HOOK).status_code == 403
