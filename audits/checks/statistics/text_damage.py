"""Which characters of a text were lost or mistaken on the way through programs?"""

from __future__ import annotations

import re

KINDS = ("control", "entity", "mojibake", "replaced")

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|nbsp|#\d{2,6}|#x[0-9a-fA-F]{2,5}|[aeiounAEIOUN](?:acute|grave|uml|circ|tilde));"
)
# What the bytes 0x80 to 0xBF, which follow the first one of a character in UTF-8, are in Windows-1252 or Latin-1.
_FOLLOWING = "[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
# Leads of two bytes for Latin, Greek and Cyrillic letters; those of three bytes are letters that end many words.
_MOJIBAKE = re.compile(f"[\u00c2-\u00c5\u00ce-\u00d1]{_FOLLOWING}|[\u00e0-\u00ef]{_FOLLOWING}{{2}}")


def damage_of(text: str) -> tuple[str, ...]:
    """How the text was damaged: one or more of KINDS, none for a sound text.

    "replaced" holds the character U+FFFD, or question marks inside a word; "mojibake" is UTF-8 that was read as
    Windows-1252 or Latin-1 and gives another text when that is undone; "control" holds control characters other than
    tab and line ends; "entity" holds character references of HTML.
    """
    found = []
    if _CONTROL.search(text):
        found.append("control")
    if "&" in text and _ENTITY.search(text):
        found.append("entity")
    if not text.isascii() and any(_undone(piece) for piece in _MOJIBAKE.findall(text)):
        found.append("mojibake")
    if "\ufffd" in text or ("?" in text and re.search(r"[^\W\d_]\?+[^\W\d_]", text) and "http" not in text):
        found.append("replaced")
    return tuple(found)


def _undone(piece: str) -> bool:
    """Whether the piece is the beginning of a character in UTF-8 that was read byte by byte."""
    for encoding in ("windows-1252", "latin-1"):
        try:
            raw = piece.encode(encoding)
        except UnicodeEncodeError:
            continue
        lead, following = raw[0], raw[1:]
        return 0xC2 <= lead <= 0xF4 and all(0x80 <= byte <= 0xBF for byte in following)
    return False
