"""Run the demo's story against a service of this installation."""

import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.demo.client import Client, Refused
from governance.demo.people import prepare_cast
from governance.demo.story import StoryDiffers, tell_story
from governance.demo.table import answers_table
from governance.demo.world import build_world
from registry.models import RegisteredModel


class Command(BaseCommand):
    help = "Create the demo's accounts here, then run its story over HTTP against --url; a second run changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", required=True, help="where this installation is served, e.g. http://127.0.0.1:8000"
        )
        parser.add_argument("--quiet-cast", action="store_true", help="do not print who can sign in")
        parser.add_argument("--reports", help="folder for the reports (default: reports/ in the data directory)")

    def handle(self, *args: Any, url: str, reports: str | None, quiet_cast: bool, **options: Any) -> None:
        folder = Path(reports) if reports else settings.DATA_DIR / "reports"
        folder.mkdir(parents=True, exist_ok=True)
        cast = prepare_cast(settings.DATA_DIR / "demo-accounts.json")
        if not RegisteredModel.objects.filter(name="care-programme").exists():
            clients = {login: Client(url, player.token) for login, player in cast.items()}
            with tempfile.TemporaryDirectory() as place:
                world = build_world(Path(place))
                try:
                    told = tell_story(world, clients, reports=folder, tell=self._tell)
                except (StoryDiffers, Refused) as problem:
                    raise CommandError(f"The story did not come out as told. {problem}") from None
            self._tell("\nThe gate's answers\n" + answers_table(told.answers))
        if quiet_cast:
            return
        self._tell(f"\nSign in at {url}/admin/ as")
        for player in cast.values():
            if player.password:
                self._tell(f"  {player.login:<6} {player.password:<20} {player.name} {player.does}")

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
