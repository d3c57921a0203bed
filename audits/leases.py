"""Who may work on a row, and until when?

A claim is one conditional update. The lease is extended while the work goes on, and whoever delivers says with which
token: only the newest holder's word counts, however long an earlier one was asleep.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q, QuerySet

from audits.trail import new_uid


class LeaseLost(RuntimeError):
    """Another worker has taken the row meanwhile; what this one did is not recorded."""


class Leased(models.Model):
    """A row that one worker at a time works on. Operational."""

    lease_token = models.UUIDField(null=True, help_text="Who may deliver: only the newest holder.")
    lease_until = models.DateTimeField(null=True, help_text="UTC; after this the work counts as lost.")

    class Meta:
        abstract = True


def is_free(at: datetime) -> Q:
    """Return what selects the rows that nobody holds, or somebody who has fallen silent."""
    return Q(lease_token__isnull=True) | Q(lease_until__lt=at)


def take(rows: QuerySet[Any], *, at: datetime, seconds: float, **changes: Any) -> UUID | None:
    """Take the one row in `rows` and return the token, or None when somebody alive holds it."""
    token = new_uid()
    until = at + timedelta(seconds=seconds)
    return token if rows.filter(is_free(at)).update(lease_token=token, lease_until=until, **changes) else None


def extend(rows: QuerySet[Any], *, token: UUID, at: datetime, seconds: float, **changes: Any) -> bool:
    """Keep the row for another while and change it; False when it is no longer ours, and then nothing has changed."""
    return bool(rows.filter(lease_token=token).update(lease_until=at + timedelta(seconds=seconds), **changes))


def give_back(rows: QuerySet[Any], *, token: UUID, **changes: Any) -> bool:
    """Let go of the row and change it; False when it is no longer ours, and then nothing has changed."""
    return bool(rows.filter(lease_token=token).update(lease_token=None, lease_until=None, **changes))
