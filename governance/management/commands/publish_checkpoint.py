"""Sign what was recorded, and hand the checkpoint to every witness and anchor now."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audits.trail import (
    KeyNotHeld,
    SignerFailed,
    TrailNotExtended,
    check_outside,
    publish_checkpoint,
    publish_outside,
    trail_state,
)

EXIT_INCOMPLETE = 2


class Command(BaseCommand):
    help = (
        "Sign the trail as far as it has come, ask the witnesses and keep the checkpoint in every anchor, due or not. "
        "Exit status 2 when a witness or anchor did not take it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            check_outside()
            publish_checkpoint()
            outside = publish_outside(at_once=True)
        except (KeyNotHeld, SignerFailed, TrailNotExtended) as problem:
            raise CommandError(str(problem)) from None
        state = trail_state()
        self.stdout.write(f"signed     {state['signed_size']:,} entries by {state['key_fingerprint']}")
        for name in outside.cosigned_by:
            self.stdout.write(f"witnessed  by {name}")
        for name in outside.kept_by:
            self.stdout.write(f"kept       {name}")
        for problem_sentence in outside.problems:
            self.stderr.write(self.style.ERROR(problem_sentence))
        if outside.problems:
            sys.exit(EXIT_INCOMPLETE)
