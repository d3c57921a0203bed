"""Create an account for a person or a pipeline."""

import getpass
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.errors import DomainError
from audits.trail import Actor
from governance.models.accounts import AccountKind
from governance.services.accounts import create_account

COMMAND = Actor.process("command:create_account")


class Command(BaseCommand):
    help = "Create an account without any role. A person gets a password; a pipeline gets tokens (issue_token)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="What the person types to sign in, or the pipeline's name.")
        parser.add_argument("--name", default="", help="Name to show to others (default: the login).")
        parser.add_argument("--kind", choices=AccountKind.values, default=AccountKind.PERSON)
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--password-stdin", action="store_true", help="Read the password from the first input line.")
        how.add_argument("--no-password", action="store_true", help="The person cannot sign in with a password.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            account = create_account(
                actor=COMMAND,
                login=options["login"],
                display_name=options["name"] or options["login"],
                kind=options["kind"],
                password=self._password(options),
            )
        except DomainError as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write(f"Created the {account.kind} {account.login}, named {account.uid} on the trail.")

    def _password(self, options: dict[str, Any]) -> str | None:
        if options["no_password"] or options["kind"] == AccountKind.PIPELINE:
            return None
        if options["password_stdin"]:
            return sys.stdin.readline().rstrip("\n")
        if not sys.stdin.isatty():
            raise CommandError("Nobody is there to type a password; use --password-stdin or --no-password.")
        password = getpass.getpass(f"Password for {options['login']}: ")
        if getpass.getpass("Once more: ") != password:
            raise CommandError("The two differ; nothing was created.")
        return password
