"""The trail: every act leaves an entry, and no entry can change unnoticed."""

from audits.trail.actors import Actor, ActorKind
from audits.trail.append_only import AppendOnly
from audits.trail.canonical import EntryTooLarge, NotCanonical
from audits.trail.checkpoints import log_verifier, publish_checkpoint, trail_state
from audits.trail.clock import new_uid, now, timestamp
from audits.trail.fields import DocumentField, document_text
from audits.trail.models import Checkpoint, Entry, Recorded
from audits.trail.numbering import NotRecordable
from audits.trail.record import Recording, record
from audits.trail.verify import Flaw, Projection, Verdict, verify

__all__ = [
    "Actor",
    "ActorKind",
    "AppendOnly",
    "Checkpoint",
    "DocumentField",
    "Entry",
    "EntryTooLarge",
    "Flaw",
    "NotCanonical",
    "NotRecordable",
    "Projection",
    "Recorded",
    "Recording",
    "Verdict",
    "document_text",
    "log_verifier",
    "new_uid",
    "now",
    "publish_checkpoint",
    "record",
    "timestamp",
    "trail_state",
    "verify",
]
