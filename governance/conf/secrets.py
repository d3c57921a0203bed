"""Where do this installation's own secrets come from when the environment gives none?"""

import contextlib
import os
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
