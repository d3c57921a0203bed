"""Let another key sign the trail."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.errors import DomainError
from audits.trail import Actor
from governance.services.keys import rotate_key

COMMAND = Actor.process("command:rotate_key")


class Command(BaseCommand):
    help = "Make a new key for the trail and hand over to it; the old key signs the handover."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", default="", metavar="KEY", help="Public key to hand over to, if this installation signs with it."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = rotate_key(actor=COMMAND, successor=options["to"])
        except DomainError as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write(f"From {key.since} entries on, the trail is signed by")
        self.stdout.write(key.verifier.key_string)
        self.stdout.write("Publish this key where the old one was published.")
