"""Run the demo's story once, headless, in a temporary place: a service, real workers, and an attempt to cheat."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

PATIENCE_SECONDS = 60


class Command(BaseCommand):
    help = "Start a service in a temporary place, run the story, verify the trail, forge a row and see it found."

    def handle(self, *args: Any, **options: Any) -> None:
        place = Path(tempfile.mkdtemp(prefix="countersign-demo-"))
        reports = place / "reports"
        data = place / "data"
        data.mkdir()
        environment = {**os.environ, "COUNTERSIGN_DATA": str(data)}
        # The demo is the embedded installation, whatever this one uses.
        for name in ("DATABASE_URL", "COUNTERSIGN_BROKER_URL"):
            environment.pop(name, None)
        url = f"http://127.0.0.1:{_free_port()}"
        try:
            self._run(environment, url, reports)
        finally:
            shutil.rmtree(data, ignore_errors=True)
        self._tell(f"\nEvery step came out as told. The reports lie in {reports}")

    def _run(self, environment: dict[str, str], url: str, reports: Path) -> None:
        log = Path(environment["COUNTERSIGN_DATA"]) / "service.log"
        started = time.monotonic()
        with log.open("wb") as output:
            service = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "manage.py", "serve", "--port", url.rsplit(":", 1)[1]],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_it_answers(service, url, log)
            self._tell(f"A service with real workers answers after {time.monotonic() - started:.1f} s.\n")
            self._manage(environment, "demo_story", "--url", url, "--reports", str(reports), "--quiet-cast")
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(timeout=30)
        self._tell("\nThe service is stopped. Is the trail whole?")
        self._manage(environment, "verify_trail")
        self._forge(Path(environment["COUNTERSIGN_DATA"]) / "countersign.sqlite3")
        self._tell(
            "\nNow somebody with the database's file turns a failed check into a passed one. Is the trail whole?"
        )
        self._manage(environment, "verify_trail", expected=1)

    def _manage(self, environment: dict[str, str], *words: str, expected: int = 0) -> None:
        self.stdout.flush()
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=False)  # noqa: S603
        if done.returncode != expected:
            raise CommandError(f"{words[0]} ended with {done.returncode}, expected {expected}.")

    def _wait_until_it_answers(self, service: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and service.poll() is None:
            try:
                with urllib.request.urlopen(f"{url}/api/health", timeout=2):  # noqa: S310 - our own service
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise CommandError(f"The service did not answer within {PATIENCE_SECONDS} s:\n{log.read_text()[-3000:]}")

    def _forge(self, database: Path) -> None:
        """Do what an owner of the file can: drop the triggers, edit, put them back as if nothing had been."""
        with sqlite3.connect(database) as connection:
            table = "audits_checkresult"
            kept = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
            ).fetchall()
            for name, _ in kept:
                connection.execute(f'DROP TRIGGER "{name}"')
            changed = connection.execute(f"UPDATE {table} SET verdict = 'passed' WHERE verdict = 'failed'").rowcount  # noqa: S608
            for _, statement in kept:
                connection.execute(statement)
        connection.close()
        if not changed:
            raise CommandError("There was no failed check to forge.")

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
