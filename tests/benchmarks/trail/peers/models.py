"""The same governed row, recorded in every way that is compared."""

from auditlog.registry import auditlog
from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords

from audits.trail import Recorded


class Decision(models.Model):
    """What a governed row of the product looks like: ids, digests, a reason, who and when."""

    uid = models.UUIDField(unique=True)
    subject = models.CharField(max_length=300)
    verdict = models.CharField(max_length=20)
    reason = models.TextField()
    artifact_sha256 = models.CharField(max_length=64)
    policy_sha256 = models.CharField(max_length=64)
    decided_by = models.CharField(max_length=120)
    decided_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.subject}: {self.verdict}"


class PlainDecision(Decision):
    """Nothing is recorded."""


class OurDecision(Decision, Recorded):
    """The trail explains and binds the row."""


class AuditlogDecision(Decision):
    """django-auditlog records the row."""


class HistoryDecision(Decision):
    """django-simple-history records the row."""

    history = HistoricalRecords()


class PlainEvent(models.Model):
    """An entry as somebody without a trail would keep it: no place and no hashes."""

    id = models.UUIDField(primary_key=True)
    recorded_at = models.DateTimeField()
    actor = models.CharField(max_length=120, db_index=True)
    action = models.CharField(max_length=60, db_index=True)
    subject = models.CharField(max_length=300, db_index=True)
    text = models.TextField()

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


auditlog.register(AuditlogDecision)

if settings.ON_POSTGRESQL:
    import pghistory

    @pghistory.track()
    class PghistoryDecision(Decision):
        """django-pghistory records the row."""
