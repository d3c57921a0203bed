"""The six calls for webhooks, as an MLflow client sends them."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import pytest

from audits.trail import Entry
from governance.models import Account, WebhookSecret
from governance.services.webhook_deliveries import deliver_webhook
from governance.services.webhooks import create_webhook
from governance.webhooks.events import Dialect
from tests import make
from tests.governance.mlflow.conftest import MlflowCaller, caller
from tests.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db(transaction=True)

MODEL, ALIAS = (
    {"entity": "REGISTERED_MODEL", "action": "CREATED"},
    {"entity": "MODEL_VERSION_ALIAS", "action": "DELETED"},
)
HOOK: dict[str, Any] = {"name": "w", "url": "https://hooks.example.org/x", "events": [MODEL, ALIAS], "secret": "s3cr3t"}


@pytest.fixture
def ops(operator: Account) -> MlflowCaller:
    return caller(operator)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_HTTP = settings.WEBHOOK_PRIVATE = True
    with receiving() as listener:
        yield listener


def test_a_webhook_is_made_read_changed_and_deleted(ops: MlflowCaller) -> None:
    made = ops.ok("POST", "webhooks", **HOOK)["webhook"]
    uid = made["webhook_id"]
    assert made == {
        "webhook_id": uid,
        "name": "w",
        "url": "https://hooks.example.org/x",
        "events": [ALIAS, MODEL],
        "status": "ACTIVE",
        "creation_timestamp": made["creation_timestamp"],
        "last_updated_timestamp": made["creation_timestamp"],
    }
    assert ops.ok("GET", f"webhooks/{uid}")["webhook"] == made
    changed = ops.ok("PATCH", f"webhooks/{uid}", description="x", status="DISABLED")["webhook"]
    assert (changed["description"], changed["status"], changed["name"]) == ("x", "DISABLED", "w")
    assert changed["creation_timestamp"] == made["creation_timestamp"] <= changed["last_updated_timestamp"]
    assert ops.ok("DELETE", f"webhooks/{uid}") == {}
    assert ops.refused("GET", f"webhooks/{uid}") == (404, "RESOURCE_DOES_NOT_EXIST")
    assert ops.ok("GET", "webhooks") == {}
    actions = Entry.objects.filter(subject=f"webhook/{uid}").order_by("index").values_list("action", flat=True)
    assert list(actions) == ["webhook.created", "webhook.paused", "webhook.deleted"]


def test_the_list_has_pages_and_only_what_mlflow_can_read(ops: MlflowCaller, operator: Account) -> None:
    create_webhook(actor=operator.actor, name="ours", url="https://hooks.example.org/", events=["*"])
    create_webhook(
        actor=operator.actor, name="by pattern", url=HOOK["url"], events=["model_version.*"], dialect=Dialect.MLFLOW
    )
    for name in "ab":
        ops.ok("POST", "webhooks", **{**HOOK, "name": name})
    first = ops.ok("GET", "webhooks", max_results=2)
    second = ops.ok("GET", "webhooks", max_results=2, page_token=first["next_page_token"])
    told = [*first["webhooks"], *second["webhooks"]]
    assert [one["name"] for one in told] == ["by pattern", "a", "b"]
    assert told[0]["events"] == [{"entity": "MODEL_VERSION", "action": "CREATED"}]
    assert "next_page_token" not in second


def test_a_delivery_is_signed_as_mlflow_signs_and_the_secret_can_be_changed(
    ops: MlflowCaller, receiver: Receiver
) -> None:
    uid = ops.ok("POST", "webhooks", **{**HOOK, "url": receiver.url()})["webhook"]["webhook_id"]
    ops.ok("PATCH", f"webhooks/{uid}", secret="an0ther")
    assert WebhookSecret.objects.count() == 1
    make.model(make.contributor(), tags={"team": "a"})
    deliver_webhook(uid=uid)
    (message,) = receiver.messages
    assert message.document["data"] == {"name": "care-programme", "tags": {"team": "a"}, "description": None}
    told = message.headers
    signed = f"{told['x-mlflow-delivery-id']}.{told['x-mlflow-timestamp']}.".encode() + message.body
    expected = base64.b64encode(hmac.new(b"an0ther", signed, hashlib.sha256).digest()).decode()
    assert told["x-mlflow-signature"] == f"v1,{expected}"


def test_without_a_secret_nothing_is_signed(ops: MlflowCaller, receiver: Receiver) -> None:
    hook = {name: value for name, value in HOOK.items() if name != "secret"}
    uid = ops.ok("POST", "webhooks", **{**hook, "url": receiver.url()})["webhook"]["webhook_id"]
    assert ops.ok("POST", f"webhooks/{uid}/test")["result"]["success"] is True
    assert "x-mlflow-signature" not in receiver.messages[0].headers


def test_a_test_message_says_what_came_of_it(ops: MlflowCaller, receiver: Receiver) -> None:
    uid = ops.ok("POST", "webhooks", **{**HOOK, "url": receiver.url()})["webhook"]["webhook_id"]
    receiver.answers, receiver.text = [200, 500], b"thanks"
    result = ops.ok("POST", f"webhooks/{uid}/test", event=MODEL)["result"]
    assert result == {"success": True, "response_status": 200, "response_body": "thanks"}
    assert receiver.messages[0].document["data"]["name"] == "example_model"
    assert ops.ok("POST", f"webhooks/{uid}/test")["result"]["success"] is False
    receiver.stop()
    result = ops.ok("POST", f"webhooks/{uid}/test")["result"]
    assert (result["success"], "response_status" in result) == (False, False)
    assert result["error_message"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"url": "http://hooks.example.org/"},
        {"url": "https://127.0.0.1/"},
        {"events": []},
        {"events": [{"entity": "MODEL_VERSION", "action": "UPDATED"}]},
        {"events": [{"entity": "NOTHING"}]},
        {"events": "all"},
        {"status": "GONE"},
    ],
)
def test_what_mlflow_refuses_is_refused_in_its_words(ops: MlflowCaller, change: dict[str, Any]) -> None:
    assert ops.refused("POST", "webhooks", **{**HOOK, **change}) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("webhook", ["00000000-0000-4000-8000-000000000000", "nothing"])
@pytest.mark.parametrize(("method", "more"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test")])
def test_what_is_not_there_is_not_found(ops: MlflowCaller, method: str, more: str, webhook: str) -> None:
    assert ops.refused(method, f"webhooks/{webhook}{more}") == (404, "RESOURCE_DOES_NOT_EXIST")


def test_only_operators_have_webhooks(mlflow: MlflowCaller) -> None:
    assert mlflow.refused("POST", "webhooks", **HOOK) == (403, "PERMISSION_DENIED")
    assert mlflow.refused("GET", "webhooks", page_token="x") == (403, "PERMISSION_DENIED")
