"""How does one key of the trail follow another, and how is a key given up?"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from audits.trail import (
    KEYS_SUBJECT,
    Actor,
    KeyNotHeld,
    KeyRefused,
    LogKey,
    SignerFailed,
    Signs,
    Verifier,
    held_signer,
    key_history,
    make_signer,
    now,
    publish_checkpoint,
    record,
    revocation,
    rotation,
)
from governance.errors import KeyUnusable
from governance.roles import Verb
from governance.services.authority import authorise_operator_or_shell


class WhyRevoked(StrEnum):
    """Why a key is not to be believed any more."""

    COMPROMISED = "compromised"
    LOST = "lost"
    CEASED = "ceased"


def rotate_key(*, actor: Actor, successor: str = "") -> LogKey:
    """Let another key sign the trail from now on; the old one signs for it, so that outsiders can follow.

    `successor` is the public key of one that this installation can sign with already (by a program, say); without
    it, a new key is made and kept in the folder of keys. The old key signs all that was recorded before it goes.
    Records: key.rotated. Raises: NotEntitled, KeyUnusable. Locks: the tree's state.
    """
    authorise_operator_or_shell(actor, Verb.ADMINISTER)
    new = _successor(successor)
    _attempt(publish_checkpoint)
    with record(actor=actor, at=now()) as recording:
        data = _attempt(lambda: rotation(new))
        recording.note(action="key.rotated", subject=KEYS_SUBJECT, data=data)
    _attempt(publish_checkpoint)
    return key_history().in_force


def revoke_key(*, actor: Actor, key: str, why: WhyRevoked, from_size: int | None = None, successor: str = "") -> LogKey:
    """Say that a key is not to be believed any more; when it was in force, another follows it at once.

    `from_size`: checkpoints over so many entries and more are not to be believed on this key's word alone; the size
    of the trail if not given, and 0 says that nothing it ever signed counts. A lost or stolen key cannot hand over:
    outsiders who know only the old key need the new one from you, by another way than this trail.
    Records: key.revoked. Raises: NotEntitled, KeyUnusable. Locks: the tree's state.
    """
    authorise_operator_or_shell(actor, Verb.ADMINISTER)
    verifier = _parsed(key)
    is_in_force = key_history().in_force.verifier == verifier
    new = _successor(successor) if is_in_force or successor else None
    with record(actor=actor, at=now()) as recording:
        data = _attempt(lambda: revocation(verifier, from_size=from_size, why=why.value, new=new))
        recording.note(action="key.revoked", subject=KEYS_SUBJECT, data=data)
    _attempt(publish_checkpoint)
    return key_history().in_force


def _successor(text: str) -> Signs:
    return _attempt(lambda: held_signer(_parsed(text))) if text else make_signer()


def _parsed(text: str) -> Verifier:
    return _attempt(lambda: Verifier.parse(text))


def _attempt(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except (KeyRefused, KeyNotHeld, SignerFailed) as problem:
        raise KeyUnusable(str(problem), reason=problem.code) from None
