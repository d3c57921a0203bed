"""Tell what a policy would change if it came into force."""

from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.trail import now
from governance.errors import PolicyMalformed
from governance.management.progress import tell_progress
from governance.management.reading import errors_by_place, read_text_file
from governance.selectors.simulation import Change, simulate
from governance.services.policies import read_policy


class Command(BaseCommand):
    help = "Judge every version by a policy document and by the edition in force, and list what would change."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="YAML document; - reads standard input.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            policy = read_policy(read_text_file(options["file"]))
        except PolicyMalformed as problem:
            raise CommandError(errors_by_place(options["file"], problem)) from None
        simulation = simulate(policy, at=now(), progress=partial(tell_progress, self.stderr))
        beside = f"edition {simulation.replaces}" if simulation.replaces else "no edition in force"
        self.stdout.write(
            f"{policy.name}, beside {beside}: {simulation.judged:,} versions judged without approvals, "
            f"{len(simulation.changes):,} verdicts would change."
        )
        for change in simulation.changes:
            self._tell(change)

    def _tell(self, change: Change) -> None:
        place = f"{change.target} {change.rollout}".strip()
        version = f"{change.model} {change.version}"
        self.stdout.write(f"{version:<40} {place:<18} {change.before} -> {change.after}")
        for difference in change.differences:
            was = difference.before.code if difference.before else "not asked"
            becomes = difference.after.code if difference.after else "not asked"
            self.stdout.write(f"    {difference.policy}/{difference.requirement}: {was} -> {becomes}")
