"""Write an evidence bundle to a file."""

import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.errors import DomainError
from audits.evidence import local_path
from audits.trail import Actor, log_verifier
from governance.services.bundles import export_bundle, subjects_about
from registry.selectors import get_version

COMMAND = Actor.process("command:export_bundle")


class Command(BaseCommand):
    help = "Take the trail, or all of it about some subjects, away in one file that an outsider can check."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="Where to write the bundle; must not exist.")
        parser.add_argument("--subject", action="append", default=[], help="Only entries about this; may be repeated.")
        parser.add_argument(
            "--about",
            nargs=2,
            metavar=("MODEL", "NUMBER"),
            help="Only entries about this version and its basis.",
        )
        parser.add_argument("--since", type=int, help="Entries under the checkpoint that the recipient remembers.")

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = options["file"]
        try:
            subjects = [*options["subject"], *self._about(options["about"])]
            made = export_bundle(actor=COMMAND, subjects=subjects, since=options["since"])
            with local_path(made.sha256) as source, target.open("xb") as file, source.open("rb") as stored:
                shutil.copyfileobj(stored, file)
        except DomainError as problem:
            raise CommandError(problem.detail) from None
        except OSError as problem:
            raise CommandError(f"Cannot write {target}: {problem.strerror}.") from None
        self.stdout.write(f"Wrote {target}: {made.size:,} bytes, under the checkpoint over {made.checkpoint_size:,}.")
        self.stdout.write(f"sha256 {made.sha256}")
        self.stdout.write("The recipient checks it without us. Hand them this key another way than the file:")
        self.stdout.write(f'  python3 -I verify.py {target.name} --key "{log_verifier().key_string}"')

    def _about(self, version: list[str] | None) -> list[str]:
        if version is None:
            return []
        name, number = version
        if not number.isdecimal():
            raise CommandError(f"The number of a version is 1, 2, 3 …, not {number!r}.")
        return subjects_about(get_version(name, int(number)))
