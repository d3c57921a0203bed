"""Which rights does the application's database role need, and which has it too many?"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from audits.trail import grants, rights_beyond_need, running_role


class Command(BaseCommand):
    help = "Try what the running database role may do beyond its need; with --sql, print the rights to grant instead."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sql", action="store_true", help="Print SQL for the owner to run after every migration.")
        parser.add_argument(
            "--application", default="countersign_app", help="Role of web server and workers (default: %(default)s)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("SQLite knows no roles; set DATABASE_URL to a PostgreSQL database.")
        if options["sql"]:
            self.stdout.write("\n".join(grants(options["application"])))
            return
        role, rights = running_role(), rights_beyond_need()
        for right in rights:
            self.stdout.write(self.style.ERROR(f"{role} may {right}"))
        if rights:
            sys.exit(1)
        self.stdout.write(self.style.SUCCESS(f"{role} may add to what was recorded, and not change it."))
