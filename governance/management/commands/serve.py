"""Serve Countersign from this machine: web server, worker and dispatcher, started and stopped together."""

import sys
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.supervisor.claims import Taken, hold_data_folder, listen
from governance.supervisor.supervise import (
    NotPrepared,
    address_of,
    answers,
    deliverer,
    demo_story,
    prepare,
    supervise,
    web_server,
    worker,
)

EXIT_TAKEN = 2


class Command(BaseCommand):
    help = "Bring the database up to date and serve: web server, worker and dispatcher. Ctrl-C stops everything."
    # The database is brought up to date first; checks that read it would fail on an empty one.
    requires_system_checks = (Tags.security,)
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on (default: %(default)s).")
        parser.add_argument("--port", type=int, default=8000, help="Port; 0 takes a free one (default: %(default)s).")
        parser.add_argument("--threads", type=int, default=8, help="Requests at a time (default: %(default)s).")

        parser.add_argument("--demo", action="store_true", help="Load the demo world and say who can sign in.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lock = hold_data_folder(settings.DATA_DIR)
            listener = listen(options["host"], options["port"])
        except Taken as problem:
            self.stderr.write(self.style.ERROR(str(problem)))
            sys.exit(EXIT_TAKEN)
        with lock, listener:
            self._say(f"Data in {settings.DATA_DIR}; preparing the database …")
            try:
                prepare()
            except NotPrepared as problem:
                raise CommandError(str(problem)) from None
            self._say("Starting …")
            supervise(
                [web_server(listener, threads=options["threads"]), worker()],
                is_ready=lambda: answers(listener),
                for_webhooks=[deliverer()],
                guests=[demo_story(listener)] if options["demo"] else [],
                when_ready=lambda: self._say(f"Countersign answers on {address_of(listener)} – Ctrl-C stops it."),
            )
        self._say("Stopped.")

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
