"""What is told, signed how, and when again: plain values in, plain values out."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as Oracle
from standardwebhooks.webhooks import WebhookVerificationError

from governance.actions import ACTIONS
from governance.webhooks import retries
from governance.webhooks.events import (
    MLFLOW_NAMES,
    Dialect,
    Event,
    concerns,
    countersign_body,
    matches,
    mlflow_body,
    names_of,
    sample_body,
)
from governance.webhooks.signatures import SecretUnfit, headers, key_of, new_secret

AT = datetime(2026, 11, 20, 17, 50, 41, 279285, tzinfo=UTC)
EVENT = Event(
    entry=UUID(int=7),
    index=412,
    at=AT,
    actor="person:6f1c",
    action="version.moved",
    subject="version/care-programme/3",
    model="care-programme",
    version=3,
)


def signed(secrets: list[str], body: bytes, dialect: Dialect = Dialect.COUNTERSIGN) -> dict[str, str]:
    seconds = int(datetime.now(UTC).timestamp())
    return headers(dialect, message="msg-1", seconds=seconds, body=body, secrets_in_force=secrets)


@given(st.binary(max_size=300).map(lambda raw: json.dumps(raw.hex()).encode()))
def test_what_we_sign_the_reference_library_verifies(body: bytes) -> None:
    secret = new_secret(Dialect.COUNTERSIGN)
    Oracle(secret).verify(body, signed([secret], body))
    with pytest.raises(WebhookVerificationError):
        Oracle(secret).verify(body + b" ", signed([secret], body))


def test_while_a_secret_is_rotated_either_verifies_and_no_other() -> None:
    new, old, other = (new_secret(Dialect.COUNTERSIGN) for _ in range(3))
    told = signed([new, old], b"{}")
    Oracle(new).verify(b"{}", told)
    Oracle(old).verify(b"{}", told)
    with pytest.raises(WebhookVerificationError):
        Oracle(other).verify(b"{}", told)


def test_the_signature_is_the_one_of_the_specifications_example() -> None:
    """The vector of the Standard Webhooks libraries."""
    told = headers(
        Dialect.COUNTERSIGN,
        message="msg_p5jXN8AQM9LWM0D4loKWxJek",
        seconds=1614265330,
        body=b'{"test": 2432232314}',
        secrets_in_force=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_mlflows_signature_is_over_the_same_bytes_with_the_secret_as_typed() -> None:
    body = mlflow_body("model_version_alias.created", AT, {"name": "hooked", "alias": "champ", "version": "1"}).encode()
    told = headers(Dialect.MLFLOW, message="d-1", seconds=1763661041, body=body, secrets_in_force=["s3cr3t"])
    content = f"{told['X-MLflow-Delivery-Id']}.{told['X-MLflow-Timestamp']}.{body.decode()}"
    expected = base64.b64encode(hmac.new(b"s3cr3t", content.encode(), hashlib.sha256).digest()).decode()
    assert told["X-MLflow-Signature"] == f"v1,{expected}"
    # The same scheme under other names: the reference library agrees, given the secret in its own form.
    as_whsec = "whsec_" + base64.b64encode(b"s3cr3t").decode()
    assert Oracle(as_whsec).sign("d-1", datetime.fromtimestamp(1763661041, UTC), body.decode()) == f"v1,{expected}"


def test_an_mlflow_webhook_without_a_secret_is_not_signed() -> None:
    assert "X-MLflow-Signature" not in signed([], b"{}", Dialect.MLFLOW)


@pytest.mark.parametrize("secret", ["", "short", "whsec_", "whsec_AAAA", "whsec_???", "whsec_" + "A" * 100])
def test_a_weak_or_misspelt_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(SecretUnfit) as refusal:
        key_of(Dialect.COUNTERSIGN, secret)
    assert not secret.removeprefix("whsec_") or secret not in str(refusal.value)


def test_our_message_names_the_entry_and_says_nothing_else() -> None:
    assert json.loads(countersign_body(EVENT, link="/admin/trail/412/")) == {
        "type": "version.moved",
        "timestamp": "2026-11-20T17:50:41.279285Z",
        "data": {
            "index": 412,
            "entry": "00000000-0000-0000-0000-000000000007",
            "actor": "person:6f1c",
            "subject": "version/care-programme/3",
            "model": "care-programme",
            "version": 3,
            "link": "/admin/trail/412/",
        },
    }


def test_mlflows_message_has_mlflows_form() -> None:
    data = {"name": "hooked", "alias": "champ", "version": "1"}
    assert json.loads(mlflow_body("model_version_alias.created", AT, data)) == {
        "entity": "model_version_alias",
        "action": "created",
        "timestamp": "2026-11-20T17:50:41.279285+00:00",
        "data": data,
    }


@pytest.mark.parametrize("name", names_of(Dialect.MLFLOW, []))
def test_there_is_an_example_of_every_event_of_mlflow(name: str) -> None:
    document = json.loads(sample_body(Dialect.MLFLOW, webhook="w", at=AT, name=name))
    assert f"{document['entity']}.{document['action']}" == name
    assert document["data"]["name"] == "example_model"


def test_what_mlflow_can_be_told_is_what_it_can_ask_for() -> None:
    assert {name for names in MLFLOW_NAMES.values() for name in names} <= set(names_of(Dialect.MLFLOW, []))


@pytest.mark.parametrize(
    ("patterns", "name", "meant"),
    [
        (["version.moved"], "version.moved", True),
        (["version.*"], "version.moved", True),
        (["version.*"], "version_tag.set", False),
        (["*"], "gate.decided", True),
        (["version"], "version.moved", False),
        ([], "version.moved", False),
    ],
)
def test_a_pattern_means_a_name_a_noun_or_everything(patterns: list[str], name: str, meant: bool) -> None:
    assert matches(patterns, name) is meant


@pytest.mark.parametrize(
    ("models", "model", "meant"),
    [
        ("", "care", True),
        ("", "", True),
        ("care", "care", True),
        ("care", "care-2", False),
        ("care*", "care-2", True),
        ("care*", "", False),
        ("care", "", False),
    ],
)
def test_a_webhook_hears_of_the_models_it_asks_for(models: str, model: str, meant: bool) -> None:
    assert concerns(models, model) is meant


def test_every_act_of_ours_can_be_asked_for() -> None:
    assert names_of(Dialect.COUNTERSIGN, ACTIONS) == sorted(ACTIONS)


def test_pauses_double_up_to_three_hours_and_fill_a_day() -> None:
    pauses = [retries.pause_after(failures, chance=0) for failures in range(1, 40)]
    assert pauses[:4] == [timedelta(seconds=seconds) for seconds in (5, 10, 20, 40)]
    assert pauses[-1] == timedelta(hours=3)
    within_a_day = next(n for n in range(len(pauses)) if sum(pauses[:n], timedelta()) > timedelta(days=1))
    assert within_a_day == 19


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_chance_shortens_a_pause_by_half_at_most(failures: int, chance: float) -> None:
    whole = retries.pause_after(failures, chance=0)
    assert whole / 2 <= retries.pause_after(failures, chance=chance) <= whole
