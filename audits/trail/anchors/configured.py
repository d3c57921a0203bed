"""Where does COUNTERSIGN_ANCHORS say that checkpoints are kept?"""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from audits.trail.anchors.anchor import Anchor
from audits.trail.anchors.files import DirectoryAnchor, FileAnchor
from audits.trail.anchors.git import GitAnchor
from audits.trail.anchors.mail import MailAnchor
from audits.trail.anchors.s3 import S3Anchor
from audits.trail.anchors.storage import StorageAnchor

KINDS: dict[str, Callable[[str], Anchor]] = {
    "file": lambda where: FileAnchor(Path(where)),
    "directory": lambda where: DirectoryAnchor(Path(where)),
    "git": lambda where: GitAnchor(Path(where)),
    "mail": MailAnchor,
    "s3": S3Anchor,
    "storage": StorageAnchor,
}


def configured_anchors() -> list[Anchor]:
    """Return the places where checkpoints are kept. Raises: ImproperlyConfigured."""
    return [_anchor(text) for text in settings.ANCHORS]


def _anchor(text: str) -> Anchor:
    kind, _, where = text.partition(":")
    make = KINDS.get(kind)
    if make is None or not where:
        raise ImproperlyConfigured(
            f"COUNTERSIGN_ANCHORS names each place as '<kind>:<where>', with one of {', '.join(KINDS)}: {text!r}."
        )
    return make(where)
