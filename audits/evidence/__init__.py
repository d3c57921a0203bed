"""Evidence: bytes by digest, and what they are declared to be."""

from audits.evidence.models import Evidence, EvidenceKind
from audits.evidence.services import declare_artifact, declare_table
from audits.evidence.store import (
    EvidenceDamaged,
    EvidenceMissing,
    Readable,
    UploadRefused,
    is_stored,
    local_path,
    receive,
    stored_size,
)

__all__ = [
    "Evidence",
    "EvidenceDamaged",
    "EvidenceKind",
    "EvidenceMissing",
    "Readable",
    "UploadRefused",
    "declare_artifact",
    "declare_table",
    "is_stored",
    "local_path",
    "receive",
    "stored_size",
]
