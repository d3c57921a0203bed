"""Send what is due to webhooks, for installations whose processes are started by something else than `serve`."""

from typing import Any

from django.core.management.base import BaseCommand

from governance.supervisor.deliverer import deliver


class Command(BaseCommand):
    help = "Send what is due to webhooks until a signal says stop. Several may run at a time."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("Delivering; Ctrl-C stops it.")
        self.stdout.flush()
        deliver()
