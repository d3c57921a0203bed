"""Evidence: bytes by digest, and what they are declared to be."""

from audits.evidence.definitions import DEFINITIONS, UnusableDefinition, inspect_definition
from audits.evidence.documents import DocumentFacts, UnusableDocument, inspect_document
from audits.evidence.models import Evidence, EvidenceKind
from audits.evidence.services import declare_artifact, declare_document, declare_table
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
    "DEFINITIONS",
    "DocumentFacts",
    "Evidence",
    "EvidenceDamaged",
    "EvidenceKind",
    "EvidenceMissing",
    "Readable",
    "UnusableDefinition",
    "UnusableDocument",
    "UploadRefused",
    "declare_artifact",
    "declare_document",
    "declare_table",
    "inspect_definition",
    "inspect_document",
    "is_stored",
    "local_path",
    "receive",
    "stored_size",
]
