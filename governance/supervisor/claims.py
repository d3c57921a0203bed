"""What must a supervisor hold alone before it starts anything?"""

import fcntl
import os
import socket
from pathlib import Path
from typing import IO


class Taken(Exception):
    """Somebody else holds it; the text says who and what to do."""


def hold_data_folder(folder: Path) -> IO[str]:
    """Return the locked file that makes this supervisor the only one on a data folder.

    The kernel lets go of the lock when the process ends, however it ends. Raises: Taken.
    """
    path = folder / "serve.lock"
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise Taken(
            f"Countersign is already being served from {folder} (process {holder}). "
            "Stop that one first, or name another folder in COUNTERSIGN_DATA."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the address, to be handed to the web server. Port 0 takes any free one.

    Held here, it stays open while the web server is restarted: callers wait instead of being turned away.
    Raises: Taken, also when the address is not one of this machine or the port is privileged.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as problem:
        listener.close()
        reason = getattr(problem, "strerror", None) or str(problem)
        raise Taken(
            f"Cannot listen on {host}:{port}: {reason}. "
            "Stop whatever uses that port, or choose another address with --host and --port."
        ) from None
    return listener
