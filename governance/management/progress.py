"""How far has a long command got? Told to whoever watches, and to no file."""

import sys

from django.core.management.base import OutputWrapper

BAR = 30


def tell_progress(to: OutputWrapper, done: int, total: int) -> None:
    """Draw a bar in the place of the last one, on a terminal alone."""
    if not sys.stderr.isatty() or not total:
        return
    drawn = done * BAR // total
    end = "\n" if done == total else ""
    to.write(f"\r[{'#' * drawn}{'.' * (BAR - drawn)}] {done:,} of {total:,}", ending=end)
