"""Where do this installation's own secrets come from when the environment gives none?"""

import contextlib
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path


def kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return the bytes kept at `path`; the first of several processes that start together makes them.

    The file appears whole or not at all, readable by its owner only.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
        # A link, unlike a rename, refuses to replace what another process has put there meanwhile.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()


def secret_key(data_dir: Path) -> str:
    """Return Django's secret key of this installation."""
    return kept(data_dir / "secret_key", lambda: secrets.token_urlsafe(48).encode()).decode()


def trail_key_seed(data_dir: Path, *, make: bool) -> bytes:
    """Return the 32 bytes from which the trail's signing key is made; none when there are none and none are to be."""
    path = data_dir / "trail_key"
    return kept(path, lambda: secrets.token_bytes(32)) if make or path.exists() else b""


def witness_key_seed(data_dir: Path) -> bytes:
    """Return the 32 bytes from which the key is made with which we cosign the trails of others."""
    return kept(data_dir / "witness_key", lambda: secrets.token_bytes(32))


def own_actor_key(data_dir: Path, *, make: bool) -> bytes:
    """Return the 32 bytes under which this installation proves its entries; none when there are none to be made."""
    path = data_dir / "actor_key"
    return kept(path, lambda: secrets.token_bytes(32)) if make or path.exists() else b""


def actor_keys(words: list[str]) -> list[tuple[bytes, int | None]]:
    """Read keys of 64 hexadecimal digits; all but the first may have `@<size>`, from which on they do not count.

    Raises: ValueError, which never shows a key.
    """
    keys = []
    for place, word in enumerate(words):
        digits, at, size = word.partition("@")
        if not re.fullmatch("[0-9a-fA-F]{64}", digits) or (at and not re.fullmatch("[0-9]{1,18}", size)):
            raise ValueError(f"COUNTERSIGN_ACTOR_KEYS: key {place + 1} is not 64 hexadecimal digits, or with @<size>.")
        if at and place == 0:
            raise ValueError("COUNTERSIGN_ACTOR_KEYS: the first key proves new entries and has no end.")
        keys.append((bytes.fromhex(digits), int(size) if at else None))
    return keys
