"""Is the trail whole? Exit 0 when it is, 1 when it is not."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.trail import NoSuchCheckpoint, trail_state, verify
from governance.selectors.projections import PROJECTIONS


class Command(BaseCommand):
    help = "Recompute the trail and compare every recorded row and every table of present state with it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since", type=int, default=0, metavar="SIZE", help="Take the checkpoint over SIZE entries as verified."
        )
        parser.add_argument(
            "--workers", type=int, default=os.cpu_count() or 1, help="Processes to use (default: one per processor)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            verdict = verify(
                projections=PROJECTIONS,
                progress=self._progress if sys.stderr.isatty() else None,
                since=options["since"],
                workers=options["workers"],
            )
        except NoSuchCheckpoint as problem:
            raise CommandError(str(problem)) from None
        state = trail_state()
        self.stdout.write(f"trail      {state['origin']}")
        self.stdout.write(f"entries    {verdict.entries:,}")
        self.stdout.write(f"rows       {verdict.rows:,} compared with their entries")
        self.stdout.write(f"root       {verdict.root.hex()}")
        self.stdout.write(f"signed     up to {state['signed_size']:,} by {state['key_fingerprint']}")
        self.stdout.write(
            f"witnessed  {state['witnessed_size']:,}; the last {state['unwitnessed']:,} are vouched for by us alone"
        )
        self.stdout.write(f"proofs     {verdict.proved:,} entries carry the proof that the service wrote them")
        for remark in verdict.remarks:
            where = f"entry {remark.index}" if remark.index is not None else "-"
            self.stdout.write(self.style.WARNING(f"{remark.code:<24} {where:<12} {remark.sentence}"))
        if verdict.is_whole:
            self.stdout.write(
                self.style.SUCCESS("The trail is whole: every entry, row and table of present state agrees.")
            )
            return
        for flaw in verdict.flaws:
            where = f"entry {flaw.index}" if flaw.index is not None else "-"
            self.stdout.write(self.style.ERROR(f"{flaw.code:<24} {where:<12} {flaw.sentence}"))
        self.stdout.write(self.style.ERROR(f"{len(verdict.flaws)} flaw(s): the trail is NOT whole."))
        sys.exit(1)

    def _progress(self, done: int, total: int) -> None:
        share = done / total if total else 1
        end = "\n" if done >= total else ""
        self.stderr.write(f"\r{'█' * int(share * 30):<30} {share:4.0%} {done:,} of {total:,} entries", ending=end)
