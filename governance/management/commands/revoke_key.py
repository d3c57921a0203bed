"""Say that a key of the trail is not to be believed any more."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.errors import DomainError
from audits.trail import Actor
from governance.services.keys import WhyRevoked, revoke_key

COMMAND = Actor.process("command:revoke_key")


class Command(BaseCommand):
    help = "Revoke a key of the trail; if it was in force, a new one follows it at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="The public key, as its key string.")
        parser.add_argument("--why", choices=[why.value for why in WhyRevoked], required=True)
        parser.add_argument(
            "--from-size",
            type=int,
            metavar="N",
            help="Checkpoints over N entries and more are not to be believed on its word (default: from now on).",
        )
        parser.add_argument(
            "--to", default="", metavar="KEY", help="Public key to follow, if this installation signs with it."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = revoke_key(
                actor=COMMAND,
                key=options["key"],
                why=WhyRevoked(options["why"]),
                from_size=options["from_size"],
                successor=options["to"],
            )
        except DomainError as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write("Revoked. The trail is signed by")
        self.stdout.write(key.verifier.key_string)
        self.stdout.write("Tell everybody who checks this trail, and give them this key by a way they trust.")
