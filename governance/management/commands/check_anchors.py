"""Does this database extend everything that others keep of its trail? Exit 0 when it does, 1 when it does not."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.trail import TrailNotExtended, check_outside, log_verifier, witness_verifiers

EXIT_UNREADABLE = 2


class Command(BaseCommand):
    help = (
        "Compare the trail with every checkpoint that anchors and witnesses keep, and with saved messages or notes. "
        "Exit status 1 when it does not extend one of them, 2 when one could not be read. "
        "Prints the keys that others need to know of us."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, help="Saved messages with a checkpoint, or checkpoints.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"log key      {log_verifier().key_string}")
        for key in witness_verifiers():
            self.stdout.write(f"witness key  {key.key_string}")
        try:
            files = [(str(path), path.read_bytes()) for path in options["files"]]
        except OSError as problem:
            raise CommandError(f"{problem.filename} cannot be read: {problem.strerror}.", returncode=2) from None
        try:
            outside = check_outside(files=files, every=True)
        except TrailNotExtended as problem:
            raise CommandError(str(problem)) from None
        for one in outside.agreeing:
            self.stdout.write(f"agrees       {one.checkpoint.size:,} entries, kept by {one.where}")
        for sentence in outside.problems:
            self.stderr.write(self.style.ERROR(sentence))
        if outside.problems:
            sys.exit(EXIT_UNREADABLE)
        if outside.agreeing:
            self.stdout.write(self.style.SUCCESS("The trail extends every checkpoint that is kept elsewhere."))
        else:
            self.stdout.write("Nothing is kept elsewhere yet: nobody could tell an old copy from this database.")
