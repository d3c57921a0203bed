"""What time is it, and what is the next identifier?

The only place that asks the machine; everything else is told.
"""

import secrets
import time
import uuid
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, UTC, to the microsecond."""
    return datetime.now(UTC)


def new_uid() -> uuid.UUID:
    """Return a UUID of version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then 74 random bits.

    Keys that grow with time keep the index of an append-only table compact.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(secrets.token_bytes(10), "big")
    random_a, random_b = random >> 68, random & (1 << 62) - 1
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | random_a << 64 | 0b10 << 62 | random_b)


def timestamp(moment: datetime) -> str:
    """Return `moment` as `YYYY-MM-DDTHH:MM:SS.ffffffZ`, always with six digits: one moment, one text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
