"""How often may a token be used, and when was it last?

A process takes requests of the running minute from the token's row in handfuls, with one conditional update, and
counts them down in memory: the limit holds across processes on both databases, and most requests write nothing.
A request can be refused while another process has some of its handful left, at most a twentieth of the limit.
Operational; nothing is decided from it.
"""

import threading
from datetime import datetime, timedelta

from django.db.models import F

from governance.models import AccessToken, TokenUse

MINUTE = timedelta(minutes=1)
HANDFULS = 20
UNLIMITED = 2**31

_lock = threading.Lock()
_left: dict[str, tuple[datetime, int]] = {}


def count_use(token: AccessToken, *, at: datetime, limit: int) -> int:
    """Count one request of a token; return 0, or after how many seconds it may ask again when its minute is used up.

    `limit` is the number of requests a minute; 0 for no limit. Writes once a minute, and once for each handful.
    """
    minute = at.replace(second=0, microsecond=0)
    with _lock:
        counted, left = _left.get(token.prefix, (minute, 0))
        if counted == minute and left > 0:
            _left[token.prefix] = (minute, left - 1)
            return 0
    handful = _take(token, minute, limit) if limit else _noted(token, minute)
    if not handful:
        return max(1, round((minute + MINUTE - at).total_seconds()))
    with _lock:
        counted, left = _left.get(token.prefix, (minute, 0))
        _left[token.prefix] = (minute, handful - 1 + (left if counted == minute else 0))
    return 0


def _take(token: AccessToken, minute: datetime, limit: int) -> int:
    """Return how many requests of the minute this process may now let through."""
    handful = max(1, limit // HANDFULS)
    mine = TokenUse.objects.filter(token=token)
    if mine.filter(minute__lt=minute).update(minute=minute, taken=handful):
        return handful
    if mine.filter(minute__gte=minute, taken__lte=limit - handful).update(taken=F("taken") + handful):
        return handful
    # Another request may have begun the row since we looked: only a row that is used up refuses.
    if mine.filter(minute__gte=minute, taken__gt=limit - handful).exists():
        return 0
    _begin(token, minute)
    return _take(token, minute, limit)


def _noted(token: AccessToken, minute: datetime) -> int:
    if not TokenUse.objects.filter(token=token, minute__lt=minute).update(minute=minute, taken=0):
        _begin(token, minute)
    return UNLIMITED


def _begin(token: AccessToken, minute: datetime) -> None:
    TokenUse.objects.bulk_create([TokenUse(token=token, minute=minute, taken=0)], ignore_conflicts=True)
