"""Put a shipped policy in force, or propose one of your own."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.errors import DomainError
from audits.trail import Actor
from governance.errors import PolicyMalformed
from governance.management.reading import errors_by_place, read_text_file
from governance.services.policies import is_shipped, propose_policy, publish_shipped_policy

COMMAND = Actor.process("command:publish_policy")


class Command(BaseCommand):
    help = (
        "Check a policy document. A shipped one is put in force; any other becomes a proposal, which a person with "
        "the role operator approves at the desk or through the API."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="YAML document; - reads standard input.")
        parser.add_argument("--reason", default="", help="Why, for whoever approves it.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._publish_or_propose(read_text_file(options["file"]), options["reason"])
        except PolicyMalformed as problem:
            raise CommandError(f"{errors_by_place(options['file'], problem)}\nNothing was published.") from None
        except DomainError as problem:
            raise CommandError(problem.detail) from None

    def _publish_or_propose(self, text: str, reason: str) -> None:
        if is_shipped(text):
            edition = publish_shipped_policy(actor=COMMAND, text=text)
            self.stdout.write(f"In force: {edition.name}, edition {edition.number}, sha256 {edition.sha256}.")
            return
        draft = propose_policy(actor=COMMAND, text=text, reason=reason)
        self.stdout.write(
            f"Proposed: {draft.name}, sha256 {draft.sha256}. Not in force yet.\n"
            "A person with the role operator must approve it, at the desk under Policies or with\n"
            f"  POST /api/v1/policies/drafts/{draft.uid}/approval"
        )
