"""What does a stored document say about itself, and can it be what it is declared as?"""

from audits.evidence import DocumentFacts, EvidenceMissing, UnusableDocument, inspect_document, local_path
from governance.errors import DocumentUnacceptable, Malformed, UnknownBlob
from governance.policy_format import document_kinds


def facts_of_document(*, sha256: str, name: str, kind: str, attested_by: str) -> DocumentFacts:
    """Return what was read of the stored bytes. Raises: Malformed, UnknownBlob, DocumentUnacceptable."""
    refuse_unfit_kind(kind, attested_by)
    try:
        with local_path(sha256) as path:
            return inspect_document(path)
    except EvidenceMissing:
        raise unknown_bytes(sha256) from None
    except UnusableDocument as problem:
        raise DocumentUnacceptable(str(problem), reason=problem.code, file=name, fix=problem.fix) from None


def refuse_unfit_kind(kind: str, attested_by: str) -> None:
    """Return when there is such a kind of document, and it can be attested. Raises: Malformed."""
    if kind not in document_kinds():
        raise Malformed(f"There is no document kind {kind!r}; use {', '.join(document_kinds())}.", field="document")
    if attested_by and kind != "external_evaluation":
        raise Malformed("Only an external evaluation is attested by somebody.", field="attested_by")


def unknown_bytes(sha256: str) -> UnknownBlob:
    return UnknownBlob(f"No bytes with the digest {sha256} are stored; upload them first.", sha256=sha256)
