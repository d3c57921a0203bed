"""Forget a person: blank the account and destroy the keys of what the person wrote."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from audits.errors import DomainError
from audits.trail import Actor
from governance.services.accounts import get_account
from governance.services.persons import PURPOSES, AskedBy, LegalBasis, erase_person

COMMAND = Actor.process("command:erase_person")
VACUUM = "VACUUM FULL audits_personkey, governance_account, governance_idempotencykey;"


class Command(BaseCommand):
    help = "Erase a person for good: name, login and what the person wrote. Every proof on the trail stays valid."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="Whom to erase; of an account erased before, the login erased-<uid>.")
        parser.add_argument("--basis", choices=[basis.value for basis in LegalBasis], required=True)
        parser.add_argument("--asked-by", choices=[who.value for who in AskedBy], required=True)
        parser.add_argument(
            "--keep", choices=PURPOSES, nargs="*", default=[], help="Kinds of text that must not be erased (yet)."
        )
        parser.add_argument("--yes", action="store_true", help="Do not ask; there is no way back.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            account = get_account(options["login"])
            if not options["yes"]:
                self._ask(options["login"])
            erasure = erase_person(
                actor=COMMAND,
                account=account,
                basis=LegalBasis(options["basis"]),
                asked_by=AskedBy(options["asked_by"]),
                keep=options["keep"],
            )
        except DomainError as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write(f"Erased. The trail goes on to name person:{account.uid}, which leads to nobody.")
        self.stdout.write(f"Destroyed {len(erasure.keys)} key(s).")
        for report in erasure.reports:
            self.stdout.write(f"Kept since before, and may hold the name: report {report}")
        if connection.vendor == "postgresql":
            self.stdout.write(f"PostgreSQL keeps dead rows on its disk; let the tables' owner run: {VACUUM}")

    def _ask(self, login: str) -> None:
        if not sys.stdin.isatty():
            raise CommandError("Nobody is there to confirm; use --yes.")
        if input(f"There is no way back. Type the login {login} to erase this person: ") != login:
            raise CommandError("That is another login; nothing was erased.")
