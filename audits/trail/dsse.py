"""How is a document signed so that any in-toto tool can read who vouches for it?

DSSE 1.0 (Dead Simple Signing Envelope) with the key that signs the trail's checkpoints. The signed bytes begin with
`DSSEv1 ` and hold no newline, so that no checkpoint can pass for a document nor a document for a checkpoint.
"""

from base64 import b64encode
from typing import Final, Protocol

from audits.trail.canonical import canonical_json
from audits.trail.keys import Verifier

IN_TOTO: Final = "application/vnd.in-toto+json"


class SignsDocuments(Protocol):
    """A key in memory, or a program that keeps the key to itself."""

    @property
    def verifier(self) -> Verifier: ...

    def sign(self, message: bytes) -> bytes: ...


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed: type and payload, each after its length (DSSE protocol, PAE)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def envelope(payload: bytes, signer: SignsDocuments, *, payload_type: str = IN_TOTO) -> bytes:
    """Return the envelope of a payload in canonical JSON, signed by one key; its keyid is `<name>+<key id>`."""
    signature = signer.sign(pre_authentication_encoding(payload_type, payload))
    document = {
        "payload": b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": [{"keyid": signer.verifier.label, "sig": b64encode(signature).decode()}],
    }
    return canonical_json(document, max_bytes=None)
