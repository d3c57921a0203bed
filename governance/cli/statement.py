"""Does a signed statement say that exactly these bytes may run exactly there, now?

The statement is a SLSA Verification Summary Attestation in a DSSE envelope; what its fields mean stands in
docs/how-to/admit-a-deployment.md. Nothing is asked over the network.
"""

import json
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audits.offline import verify
from governance.cli.answers import CouldNotTell

KIND, PREDICATE = "application/vnd.in-toto+json", "https://slsa.dev/verification_summary/v1"


class StatementRefused(Exception):
    """The statement does not allow this; the message says why."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What was signed: which version may run, how far its rollout has come, and until when that is said."""

    version: str
    rollout: str
    percent: int
    levels: tuple[str, ...]
    valid_until: datetime


def read_admission(
    envelope: dict[str, Any], *, key: str, sha256: str, target: str, alias: str, now: datetime
) -> Admission:
    """Return what an envelope allows. Raises: StatementRefused, CouldNotTell for a key that is none."""
    try:
        known = verify.parse_key(key.strip())
    except verify.Refused as problem:
        raise CouldNotTell(f"The key {problem}.") from problem
    try:
        payload, kind = b64decode(envelope["payload"], validate=True), envelope["payloadType"].encode()
        signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
        signatures = [b64decode(one["sig"], validate=True) for one in envelope["signatures"]]
        if not any(verify.is_signature(known.public, signature, signed) for signature in signatures):
            raise StatementRefused("The statement does not carry the signature of the key that was given.")
        statement = json.loads(payload)
        said = statement["predicate"]
        expected = {
            "type": (kind.decode(), KIND),
            "predicate": (statement["predicateType"], PREDICATE),
            "verifier": (said["verifier"]["id"], f"https://{known.name}"),
            "digest": ([one["digest"]["sha256"] for one in statement["subject"]], [sha256]),
            "result": (said["verificationResult"], "PASSED"),
            "target": (said["urn:countersign:target"], target),
            "alias": (said["urn:countersign:alias"], alias),
        }
        admission = Admission(
            version=statement["subject"][0]["name"],
            rollout=said["urn:countersign:rollout"],
            percent=said["urn:countersign:percent"],
            levels=tuple(said["verifiedLevels"]),
            valid_until=_moment(said["urn:countersign:validUntil"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
        raise StatementRefused(f"The statement is not one of admission: {problem!r}.") from problem
    for name, (stands, wanted) in expected.items():
        if stands != wanted:
            raise StatementRefused(f"The statement is about another {name}: {stands!r} instead of {wanted!r}.")
    if now > admission.valid_until:
        raise StatementRefused(f"The statement was valid until {admission.valid_until:%Y-%m-%d %H:%M:%S} UTC.")
    return admission


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment
