"""A PostgreSQL server of the benchmark's own, in memory or on disk, gone when the benchmark ends."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

MEMORY = Path("/dev/shm")
OPTIONS = {"listen_addresses": "''", "max_connections": "40", "shared_buffers": "256MB", "max_wal_size": "1GB"}


class NoServer(RuntimeError):
    """This machine cannot start a PostgreSQL server."""


def _program(name: str) -> str:
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(installed[-1]) if installed else shutil.which(name)
    if not found:
        raise NoServer(f"{name} is not installed; install PostgreSQL's server (on Debian: postgresql-15).")
    return found


def _as_server(*command: str) -> None:
    """Run a command as the user the server may run as; it refuses to run as root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd="/")


@contextmanager
def cluster(*, in_memory: bool) -> Iterator[str]:
    """Start a server and yield the DATABASE_URL of an empty database in it, reachable by a local socket only.

    In memory nothing is synced, which shows CPU and round trips; on disk every commit is, as in production.
    """
    place = Path(tempfile.mkdtemp(prefix="countersign-bench-", dir=MEMORY if in_memory else None))
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(place, owner.pw_uid, owner.pw_gid)
    data, log = place / "data", place / "log"
    durable = dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off") if in_memory else {}
    options = " ".join(f"-c {name}={value}" for name, value in {**OPTIONS, **durable}.items())
    try:
        _as_server(
            _program("initdb"), "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
        )
        start = ("-D", str(data), "-w", "-l", str(log), "-o", f"{options} -k {place}", "start")
        _as_server(_program("pg_ctl"), *start)
        try:
            _as_server(_program("createdb"), "-h", str(place), "-U", "bench", "bench")
            yield f"postgresql:///bench?host={place}&user=bench"
        finally:
            _as_server(_program("pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def postmaster(url: str) -> int:
    """Return the process id of the server that a `cluster` yielded the address of."""
    place = parse_qs(urlsplit(url).query)["host"][0]
    return int((Path(place) / "data" / "postmaster.pid").read_text().split()[0])
