"""Issue a token for the API."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.errors import DomainError
from audits.trail import Actor
from governance.roles import Verb
from governance.scopes import TARGETS
from governance.services.accounts import get_account
from governance.services.tokens import MAX_DAYS, issue_token

COMMAND = Actor.process("command:issue_token")


class Command(BaseCommand):
    help = "Issue a token for the API. Its text is the only line on standard output, and is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="Account that the token acts for.")
        parser.add_argument("--name", required=True, help="What it is for, so that it can be recognised later.")
        parser.add_argument(
            "--scope",
            dest="scopes",
            action="append",
            required=True,
            choices=[verb.value for verb in Verb],
            help="What it may be used for, within the account's roles; give it once for each.",
        )
        parser.add_argument(
            "--model",
            dest="models",
            action="append",
            default=[],
            help="Model it reaches, or how names begin (credit-*); give it once for each. All when left out.",
        )
        parser.add_argument(
            "--target",
            dest="targets",
            action="append",
            default=[],
            choices=TARGETS,
            help="Stage it may act for; give it once for each. All when left out.",
        )
        parser.add_argument("--days", type=int, default=90, help=f"1 to {MAX_DAYS} (default: %(default)s).")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token, text = issue_token(
                actor=COMMAND,
                account=get_account(options["login"]),
                name=options["name"],
                scopes=[Verb(scope) for scope in options["scopes"]],
                days=options["days"],
                models=options["models"],
                targets=options["targets"],
            )
        except DomainError as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write(text)
        self.stderr.write(
            f"Token {token.prefix} for {options['login']} may {', '.join(token.scopes)} "
            f"until {token.expires_at:%d %B %Y}. Keep it now: only its digest is stored."
        )
