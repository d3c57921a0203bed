"""Give an account a role."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.errors import DomainError
from audits.trail import Actor
from governance.roles import Group, Role
from governance.services.accounts import get_account, grant_role

COMMAND = Actor.process("command:grant_role")


class Command(BaseCommand):
    help = "Give an account a role. A reviewer's role is for one group; grant it once for each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login")
        parser.add_argument("role", choices=[role.value for role in Role])
        parser.add_argument("--group", choices=[group.value for group in Group], help="For reviewers only.")

    def handle(self, *args: Any, **options: Any) -> None:
        group = Group(options["group"]) if options["group"] else None
        try:
            account = get_account(options["login"])
            grant_role(actor=COMMAND, account=account, role=Role(options["role"]), group=group)
        except DomainError as problem:
            raise CommandError(problem.detail) from None
        for_group = f" for {group.value}" if group else ""
        self.stdout.write(f"{account.login} is {options['role']}{for_group}.")
