"""Nothing of a statement is believed that the key did not sign, and nothing signed is stretched."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audits.trail.keys import KeyKind, Signer
from governance.cli.answers import CouldNotTell
from governance.cli.statement import KIND, PREDICATE, StatementRefused, read_admission

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHA256 = "a" * 64
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))
ASKED = {"sha256": SHA256, "target": "production", "alias": "champion", "now": NOW}


@pytest.fixture
def key() -> str:
    return str(Signer("log.example/acme", KeyKind.ED25519, PRIVATE.private_bytes_raw()).verifier.key_string)


def statement(**changes: Any) -> dict[str, Any]:
    said = {
        "verifier": {"id": "https://log.example/acme"},
        "verificationResult": "PASSED",
        "verifiedLevels": ["COUNTERSIGN_APPROVED"],
        "urn:countersign:target": "production",
        "urn:countersign:alias": "champion",
        "urn:countersign:rollout": "canary",
        "urn:countersign:percent": 10,
        "urn:countersign:validUntil": "2026-11-21T12:10:00Z",
        **changes,
    }
    subject = [{"name": "care-programme/1", "digest": {"sha256": SHA256}}]
    return {"subject": subject, "predicateType": PREDICATE, "predicate": said}


def sealed(document: Any, kind: str = KIND) -> dict[str, Any]:
    payload = json.dumps(document).encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    signatures = [{"sig": b64encode(PRIVATE.sign(signed)).decode()}]
    return {"payload": b64encode(payload).decode(), "payloadType": kind, "signatures": signatures}


def test_what_was_signed_is_read(key: str) -> None:
    said = read_admission(sealed(statement()), key=key, **ASKED)
    assert (said.version, said.rollout, said.percent) == ("care-programme/1", "canary", 10)
    assert said.valid_until == NOW + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("asked", "about"),
    [
        ({"sha256": "b" * 64}, "another digest"),
        ({"target": "staging"}, "another target"),
        ({"alias": "challenger"}, "another alias"),
        ({"now": NOW + timedelta(minutes=11)}, "was valid until 2026-11-21 12:10:00 UTC"),
    ],
)
def test_it_is_not_stretched_to_another_question(key: str, asked: dict[str, Any], about: str) -> None:
    with pytest.raises(StatementRefused, match=about):
        read_admission(sealed(statement()), key=key, **{**ASKED, **asked})


@pytest.mark.parametrize(
    ("envelope", "about"),
    [
        (sealed(statement(verificationResult="FAILED")), "another result"),
        (sealed(statement(verifier={"id": "https://elsewhere.example"})), "another verifier"),
        (sealed({**statement(), "predicateType": "https://x.example"}), "another predicate"),
        (sealed(statement(), kind="text/plain"), "another type"),
        ({**sealed(statement()), "payload": b64encode(b"{}").decode()}, "does not carry the signature"),
        ({**sealed(statement()), "signatures": []}, "does not carry the signature"),
        (sealed([1, 2]), "is not one of admission"),
        (sealed({}), "is not one of admission"),
        ({}, "is not one of admission"),
        ({**sealed(statement()), "payload": "§"}, "is not one of admission"),
        (sealed(statement(**{"urn:countersign:validUntil": "soon"})), "is not one of admission"),
        (sealed(statement(**{"urn:countersign:validUntil": "2026-11-21T12:10:00"})), "is not one of admission"),
    ],
)
def test_what_is_not_such_a_statement_is_refused(key: str, envelope: dict[str, Any], about: str) -> None:
    with pytest.raises(StatementRefused, match=about):
        read_admission(envelope, key=key, **ASKED)


def test_another_key_refuses_and_what_is_no_key_answers_nothing(key: str) -> None:
    other = Signer("log.example/acme", KeyKind.ED25519, bytes([1]) * 32).verifier.key_string
    with pytest.raises(StatementRefused, match="does not carry the signature"):
        read_admission(sealed(statement()), key=str(other), **ASKED)
    with pytest.raises(CouldNotTell, match="The key"):
        read_admission(sealed(statement()), key="nonsense", **ASKED)
