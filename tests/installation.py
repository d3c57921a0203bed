"""An installation of its own, in a folder of its own, run by the commands an operator would type."""

import json
import os
import queue
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from tests.processes import Process, eventually, survivors, tree_of

PROJECT = Path(__file__).resolve().parent.parent
# Each process that may stand alone in an organisation, by how it is started.
STARTED_BY = {
    "serve": ("manage.py", "serve", "--port", "0"),
    "dispatcher": ("manage.py", "dispatch"),
    "web server": ("-m", "gunicorn", "--bind=127.0.0.1:0", "governance.conf.wsgi:application"),
    "worker": ("-m", "celery", "--app=governance.conf.celery", "worker", "--pool=solo"),
}
IN_TURN = """\
import django, json, sys
from django.core.management import call_command
django.setup()
for command in json.loads(sys.argv[1]):
    call_command(*command)
"""
OURS = ("COUNTERSIGN_", "DATABASE_URL", "DJANGO_", "PYTEST_")


class Installation:
    """Settings for one folder; everything started from here carries a mark by which it is found again."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.mark = f"installation-{uuid.uuid4()}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environment = {
            **inherited,
            "COUNTERSIGN_TEST_MARK": self.mark,
            "COUNTERSIGN_DATA": str(folder),
            "DJANGO_SETTINGS_MODULE": "governance.conf.settings",
            **settings,
        }

    @classmethod
    def migrated(cls, folder: Path, **settings: str) -> "Installation":
        """Return one on files whose database has been migrated, and in which nothing has happened yet."""
        shutil.copytree(_migrated_once(), folder, dirs_exist_ok=True)
        return cls(folder, **settings)

    def run(self, *arguments: str, text_in: str = "") -> subprocess.CompletedProcess[str]:
        """Run Python in this installation, from the project's folder."""
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=PROJECT, capture_output=True, text=True, input=text_in, timeout=300
        )

    def manage(self, *arguments: str, text_in: str = "") -> subprocess.CompletedProcess[str]:
        return self.run("manage.py", *arguments, text_in=text_in)

    def in_turn(self, *commands: Sequence[str]) -> str:
        """Run management commands that succeed in one process; return what they say.

        To start a process takes longer than most of what is done in it.
        """
        done = self.run("-c", IN_TURN, json.dumps(commands))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def order(self, *, rows: int, versions: int = 1) -> dict[str, list[str]]:
        """Ask for checks and promotions, by the use cases and from another process."""
        done = self.run("-m", "tests.orders", str(rows), str(versions))
        assert done.returncode == 0, done.stderr
        found: dict[str, list[str]] = json.loads(done.stdout)
        return found

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the database from outside."""
        url = self.environment.get("DATABASE_URL")
        if url:
            with psycopg.connect(url) as connection:
                return connection.execute(sql).fetchall()  # type: ignore[arg-type]
        connection = sqlite3.connect(self.folder / "countersign.sqlite3", timeout=30)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def serve(self, *arguments: str) -> "Served":
        return Served(self, *arguments)


def migrated_file() -> Path:
    """Where the database of these tests lies as its migrations left it, if it is one on files."""
    return Path(os.environ["COUNTERSIGN_DATA"]) / "migrated.sqlite3"


@cache
def _migrated_once() -> Path:
    """Return what is copied: to migrate an empty database takes longer than most of what is told about it."""
    folder = Path(tempfile.mkdtemp(dir=os.environ["COUNTERSIGN_DATA"]))
    if migrated_file().exists():
        shutil.copy(migrated_file(), folder / "countersign.sqlite3")
        return folder
    done = Installation(folder).manage("migrate", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    return folder


class Served:
    """A running `serve`; leaving the block ends it and asserts that nothing is left."""

    def __init__(self, installation: Installation, *arguments: str) -> None:
        self.installation, self.arguments = installation, arguments
        self.address, self.said = "", ""
        self.seconds_to_login_page = 0.0
        self.seen: set[Process] = set()

    def __enter__(self) -> "Served":
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", "0", *self.arguments],
            env=self.installation.environment,
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            eventually(lambda: self._hear() or self.process.poll() is not None, 120, f"an address\n{self.said}")
            assert self.address, self.said
        except BaseException:
            self._end()
            raise
        self.seconds_to_login_page = time.monotonic() - began
        return self

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def _hear(self) -> bool:
        while not self._lines.empty():
            self.said += self._lines.get()
        found = re.search(r"answers on (http://\S+)", self.said)
        self.address = found[1] if found else ""
        return bool(found)

    def __exit__(self, *_: object) -> None:
        self._end()
        self.leaves_nothing()

    def _end(self) -> None:
        self.look()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(5)
        self._hear()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def look(self) -> list[Process]:
        """Return the supervisor and everything below it, and remember them for the end."""
        found = tree_of(self.process.pid)
        self.seen.update(found)
        return found

    def find(self, *words: str) -> list[Process]:
        """Return the processes whose command holds all the words, parents first."""
        return [process for process in self.look() if all(word in process.command for word in words)]

    def leaves_nothing(self, within: float = 5.0) -> None:
        left = lambda: survivors(self.seen, self.installation.mark)  # noqa: E731
        eventually(lambda: not left(), within, f"no process left behind\n{left()}\n{self.said}")
