"""Bring the registry of an MLflow server over."""

import os
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.errors import DomainError
from audits.trail import Actor
from governance.management.mlflow_server import MlflowServer
from governance.management.progress import tell_progress
from governance.services.imports import Kind, Line, Outcome, import_model

COMMAND = Actor.process("command:import_mlflow")
LEFT_OUT = 3


class Command(BaseCommand):
    help = (
        "Bring models, versions with their numbers, descriptions, tags, free aliases and times over from a running "
        "MLflow server. Done again, it takes what is new and changes nothing else."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="Of the server, such as https://mlflow.example.")
        parser.add_argument("--dry-run", action="store_true", help="Tell what would come over, and write nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.counts: Counter[tuple[Kind, Outcome]] = Counter()
        try:
            with MlflowServer(options["address"], environment=os.environ) as server:
                self._import(server, dry_run=options["dry_run"])
        except DomainError as problem:
            self._summarise(dry_run=options["dry_run"])
            raise CommandError(f"{problem.detail} What came over stays; run this again to go on.") from None
        self._summarise(dry_run=options["dry_run"])
        left = sum(many for (_, outcome), many in self.counts.items() if outcome is Outcome.LEFT)
        if left:
            raise CommandError(f"Not everything came over: {left:,} left out, told above.", returncode=LEFT_OUT)

    def _import(self, server: MlflowServer, *, dry_run: bool) -> None:
        names = server.names()
        for done, name in enumerate(names):
            tell_progress(self.stderr, done, len(names))
            model = server.model(name)
            told = False
            for page in server.versions(name):
                lines = import_model(
                    actor=COMMAND, came_from=server.address, found=model, versions=page, dry_run=dry_run
                )
                # Every page names the model, and in a dry run every page is its first.
                self._tell([line for line in lines if not (told and _is_of_model(line, model.name))])
                told = True
                if lines[0].outcome is Outcome.LEFT:
                    break
        tell_progress(self.stderr, len(names), len(names))

    def _tell(self, lines: list[Line]) -> None:
        for line in lines:
            self.counts[line.kind, line.outcome] += 1
            if line.why:
                self.stdout.write(f"{line.outcome}: {line.kind} {line.about}: {line.why}")

    def _summarise(self, *, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write("A dry run: nothing was written.")
        for outcome in Outcome:
            many = ", ".join(
                f"{self.counts[kind, outcome]:,} {'aliases' if kind is Kind.ALIAS else f'{kind}s'}"
                for kind in Kind
                if self.counts[kind, outcome]
            )
            if many:
                self.stdout.write(f"{outcome}: {many}")
        if not any(outcome is Outcome.TAKEN for _, outcome in self.counts):
            self.stdout.write("Nothing has changed.")


def _is_of_model(line: Line, name: str) -> bool:
    return line.kind is Kind.MODEL or (line.kind is Kind.TAG and line.about == name)
