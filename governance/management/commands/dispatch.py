"""Run only the dispatcher, for installations whose web servers and workers are started by something else."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audits.trail import TrailNotExtended
from governance.starting import TooManyRights, look_before_starting
from governance.supervisor.supervise import supervise


class Command(BaseCommand):
    help = (
        "Ring for due checks, give up those lost too often, settle promotions that have news and sign the trail, "
        "until a signal says stop. Several may run at a time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            said = look_before_starting()
        except (TooManyRights, TrailNotExtended) as problem:
            raise CommandError(str(problem)) from None
        for sentence in said:
            self.stderr.write(self.style.WARNING(sentence))
        supervise([], when_ready=self._say_ready)

    def _say_ready(self) -> None:
        self.stdout.write("Dispatching; Ctrl-C stops it.")
        self.stdout.flush()
