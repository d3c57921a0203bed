"""Put an edition of a policy in force."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.errors import DomainError
from audits.trail import Actor
from governance.errors import PolicyMalformed
from governance.services.policies import publish_policy

COMMAND = Actor.process("command:publish_policy")


class Command(BaseCommand):
    help = "Check a policy document and put it in force. The edition in force is published only once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="YAML document; - reads standard input.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            edition = publish_policy(actor=COMMAND, text=self._text(options["file"]))
        except PolicyMalformed as problem:
            errors = problem.context["errors"]
            lines = [f"{options['file']}:{e['line']}:{e['column']}: {e['sentence']}" for e in errors]
            raise CommandError("\n".join([*lines, "Nothing was published."])) from None
        except DomainError as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write(f"In force: {edition.name}, edition {edition.number}, sha256 {edition.sha256}.")

    def _text(self, file: str) -> str:
        try:
            return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise CommandError(f"Cannot read {file}: {problem}") from None
