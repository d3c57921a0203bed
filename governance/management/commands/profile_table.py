"""Make a profile of a reference table: what drift can be measured against where the rows must stay."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.checks import CannotMeasure
from audits.sandbox import profile_table
from audits.tables import FORMATS, PROFILE, TableFormat, UnusableTable, parse_declaration
from governance.management.reading import read_text_file


class Command(BaseCommand):
    help = (
        "Read a table where it lies and print its profile: the columns in cells of at least ten rows, and nothing of "
        "a single person. Upload it as a table of the format profile instead of the reference."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("table", type=Path, help="The table, in one file.")
        parser.add_argument(
            "--declaration",
            required=True,
            help="JSON document that says what its columns mean; - reads standard input.",
        )
        parser.add_argument("--format", required=True, choices=[name for name in FORMATS if name != PROFILE])
        parser.add_argument("--delimiter", default=",", help="Of a CSV; a comma if not given.")
        parser.add_argument("--encoding", default="utf-8", help="Of CSV or JSON lines; UTF-8 if not given.")

    def handle(self, *args: Any, **options: Any) -> None:
        text = read_text_file(options["declaration"])
        try:
            declaration = parse_declaration(json.loads(text))
            fmt = TableFormat(options["format"], options["delimiter"], options["encoding"])
            document = profile_table(options["table"], fmt, declaration)
        except ValueError as problem:
            raise CommandError(f"{options['declaration']} is no JSON document: {problem}") from None
        except (UnusableTable, CannotMeasure, OSError) as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(json.dumps(document, allow_nan=False))
