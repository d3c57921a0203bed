"""Which keys do we hold, and which of them signs now?

A key is held as a seed (from the settings, or in the folder of keys, where rotation puts new ones) or by a program
that signs and keeps the key to itself.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from audits.trail.dsse import envelope
from audits.trail.key_history import ACTIONS, SUBJECT, KeyEvent, KeyHistory, revocation_data, rotation_data
from audits.trail.keys import KeyKind, KeyRefused, Signer, Signs, Verifier
from audits.trail.models import Entry, Head, TreeState

SIGNER_SECONDS: Final = 10
_OUR_ENVIRONMENT = ("COUNTERSIGN_", "DATABASE_URL")


class KeyNotHeld(RuntimeError):
    """The key in force is not among those this process can sign with."""

    code = "key_not_held"


class SignerFailed(RuntimeError):
    """The program that signs gave no signature, or a wrong one."""

    code = "signer_failed"


@dataclass(frozen=True, slots=True)
class ExternalSigner:
    """A program that gets the bytes to sign on its standard input and answers with the signature, nothing else.

    The label of the key to use is in its environment as SIGN_WITH. No shell is involved, and none of our own settings
    are handed on.
    """

    verifier: Verifier
    command: tuple[str, ...]

    @property
    def kind(self) -> KeyKind:
        return self.verifier.kind

    def sign(self, message: bytes) -> bytes:
        """Return the signature, which was verified before anybody sees it. Raises: SignerFailed."""
        name = self.command[0]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(_OUR_ENVIRONMENT)}
        try:
            done = subprocess.run(  # noqa: S603 -- the operator's own program, by its own words, without a shell
                self.command,
                input=message,
                capture_output=True,
                timeout=SIGNER_SECONDS,
                env={**environment, "SIGN_WITH": self.verifier.label},
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SignerFailed(f"{name} did not sign within {SIGNER_SECONDS} seconds.") from None
        except OSError as problem:
            raise SignerFailed(f"{name} cannot be started: {problem.strerror}.") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[:200]
            raise SignerFailed(f"{name} ended with status {done.returncode}: {said or 'it says nothing'}")
        if not self.verifier.is_signature(done.stdout, message):
            raise SignerFailed(f"What {name} answered is no signature of {self.verifier.label}.")
        return done.stdout


def held_signers() -> list[Signs]:
    """Return what this process can sign with; the first is the one that signs a trail whose key was never changed.

    Raises: ImproperlyConfigured.
    """
    held: list[Signs] = []
    if settings.TRAIL_KEY_SEED:
        held.append(Signer(settings.TRAIL_ORIGIN, KeyKind.ED25519, settings.TRAIL_KEY_SEED))
    if settings.TRAIL_SIGNER:
        held += [ExternalSigner(verifier, tuple(settings.TRAIL_SIGNER)) for verifier in _external_keys()]
    folder = Path(settings.TRAIL_KEYS_DIR)
    held += [
        Signer(settings.TRAIL_ORIGIN, KeyKind.ED25519, path.read_bytes()) for path in sorted(folder.glob("*.seed"))
    ]
    return held


def _external_keys() -> list[Verifier]:
    try:
        keys = [Verifier.parse(text) for text in settings.TRAIL_PUBLIC_KEYS]
    except KeyRefused as problem:
        raise ImproperlyConfigured(f"COUNTERSIGN_TRAIL_PUBLIC_KEYS: {problem}") from None
    wrong = [key for key in keys if key.name != settings.TRAIL_ORIGIN or key.kind is not KeyKind.ED25519]
    if wrong or not keys:
        raise ImproperlyConfigured(
            "COUNTERSIGN_TRAIL_SIGNER needs COUNTERSIGN_TRAIL_PUBLIC_KEYS: Ed25519 keys (type 0x01) with the name "
            f"{settings.TRAIL_ORIGIN}."
        )
    return keys


def held_signer(verifier: Verifier) -> Signs:
    """Return what signs with this key. Raises: KeyNotHeld."""
    for signer in held_signers():
        if signer.verifier == verifier:
            return signer
    held = ", ".join(signer.verifier.label for signer in held_signers())
    raise KeyNotHeld(f"The key {verifier.label} is needed to sign; this process holds {held}. Give it the right one.")


def make_signer() -> Signer:
    """Make a new key and keep its seed in the folder of keys, readable by the owner of the process only."""
    signer = Signer(settings.TRAIL_ORIGIN, KeyKind.ED25519, token_bytes(32))
    folder = Path(settings.TRAIL_KEYS_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{signer.verifier.key_id.hex()}.seed"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(signer.seed)
    return signer


def key_history(*, below: int | None = None) -> KeyHistory:
    """Return the keys of the trail, as its entries (with an index `below` the given one) tell."""
    entries = Entry.objects.filter(subject=SUBJECT, action__in=ACTIONS)
    if below is not None:
        entries = entries.filter(index__lt=below)
    events = [
        KeyEvent(index, action, data_of(text))
        for index, action, text in entries.order_by("index").values_list("index", "action", "text")
    ]
    return KeyHistory.of(events, origin=settings.TRAIL_ORIGIN, first=held_signers()[0].verifier)


def data_of(text: str) -> dict[str, Any]:
    """Return the data of an entry's text, or nothing where the text is damaged: verification says so elsewhere."""
    try:
        data = json.loads(text)["data"]
    except (ValueError, KeyError, TypeError):
        return {}
    return data if isinstance(data, dict) else {}


def log_signer(*, size: int | None = None) -> Signs:
    """Return what signs the checkpoint over `size` entries, or the next one. Raises: KeyNotHeld."""
    return held_signer(key_history(below=size).in_force.verifier)


def sign_document(payload: bytes) -> bytes:
    """Return the DSSE envelope of an in-toto statement, signed by the key in force.

    Raises: KeyNotHeld, SignerFailed.
    """
    return envelope(payload, log_signer())


def log_verifier() -> Verifier:
    """Return the public key in force, by which an outsider recognises our newest checkpoints."""
    return key_history().in_force.verifier


def log_verifiers() -> list[Verifier]:
    """Return every key by which we recognise a checkpoint of ours: those of the trail and those we hold.

    Ours to hold counts too: a database restored from before a rotation does not know the key that came after it.
    A revoked key proves nothing any more, since somebody else may sign with it.
    """
    keys = key_history().keys
    revoked = {key.verifier for key in keys if key.distrusted_from is not None}
    ours = [*(key.verifier for key in keys), *(signer.verifier for signer in held_signers())]
    return [verifier for verifier in dict.fromkeys(ours) if verifier not in revoked]


def rotation(new: Signs) -> dict[str, Any]:
    """Return the data of the entry by which `new` follows the key in force.

    Raises: KeyNotHeld, KeyRefused, SignerFailed. Locks: the tree's state, so that one key has one successor.
    """
    history = _locked_history(new.verifier)
    return rotation_data(settings.TRAIL_ORIGIN, held_signer(history.in_force.verifier), new)


def revocation(key: Verifier, *, from_size: int | None, why: str, new: Signs | None) -> dict[str, Any]:
    """Return the data of the entry by which `key` is revoked; `new` follows it when it was in force.

    `from_size` None: from the present size of the trail on.

    Raises: KeyRefused, SignerFailed. Locks: as `rotation`.
    """
    history = _locked_history(new.verifier if new else None)
    if key not in [known.verifier for known in history.keys]:
        raise KeyRefused(f"{key.label} never signed this trail.")
    if (key == history.in_force.verifier) != (new is not None):
        raise KeyRefused(
            f"{key.label} is {'the key in force and needs a successor' if new is None else 'not in force'}."
        )
    if from_size is None:
        from_size = Head.objects.get(id=1).size
    return revocation_data(settings.TRAIL_ORIGIN, key, from_size=from_size, why=why, new=new)


def _locked_history(new: Verifier | None) -> KeyHistory:
    TreeState.objects.select_for_update().get(id=1)
    history = key_history()
    if new is not None and new in [key.verifier for key in history.keys]:
        raise KeyRefused(f"{new.label} signed this trail before; a key does not come back. Make a new one.")
    return history
