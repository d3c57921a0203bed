"""How do stored bytes become evidence?"""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audits.evidence import store
from audits.evidence.documents import DocumentFacts
from audits.evidence.models import Evidence, EvidenceKind
from audits.trail import Recording, document_text, new_uid

if TYPE_CHECKING:
    # For the signatures alone: the readers load the numerical libraries, which most processes never need.
    from audits.tables import Declaration, TableFacts, TableFormat


def declare_table(
    *,
    recording: Recording,
    sha256: str,
    name: str,
    fmt: "TableFormat",
    declaration: "Declaration",
    facts: "TableFacts",
) -> Evidence:
    """Put a table on record, with how it is read and what its columns mean.

    `facts` come from `inspect_table` over the same bytes: a table that cannot be read never gets here.
    Records: table.declared. Idempotent: by bytes and declaration.
    """
    document = {"format": asdict(fmt), "declaration": declaration.to_document()}
    columns = [{"name": column, "type": kind} for column, kind in facts.columns]
    return _declare(
        recording,
        kind=EvidenceKind.TABLE,
        sha256=sha256,
        name=name,
        format_name=fmt.format,
        declaration=document,
        row_count=facts.n_rows,
        columns=columns,
    )


def declare_artifact(
    *, recording: Recording, sha256: str, name: str, format_name: str, definition: dict[str, Any] | None = None
) -> Evidence:
    """Put an artifact on record: a model's, or what stands in its place (`definition`, as `inspect_definition` reads).

    Records: artifact.declared. Idempotent: by bytes and definition.
    """
    return _declare(
        recording,
        kind=EvidenceKind.ARTIFACT,
        sha256=sha256,
        name=name,
        format_name=format_name,
        declaration={} if definition is None else {"definition": format_name, **definition},
        row_count=None,
        columns=[],
    )


def declare_document(
    *, recording: Recording, sha256: str, name: str, kind: str, facts: DocumentFacts, attested_by: str = ""
) -> Evidence:
    """Put a document on record: what kind it is, its headings, and who attests it where somebody does.

    `facts` come from `inspect_document` over the same bytes.
    Records: document.declared. Idempotent: by bytes, kind and who attests it.
    """
    declaration: dict[str, Any] = {"document": kind, "sections": list(facts.sections)}
    if attested_by:
        declaration["attested_by"] = attested_by
    return _declare(
        recording,
        kind=EvidenceKind.DOCUMENT,
        sha256=sha256,
        name=name,
        format_name=facts.format,
        declaration=declaration,
        row_count=None,
        columns=[],
    )


def find_evidence(*, kind: str, sha256: str, declaration: object) -> Evidence | None:
    """Return the evidence already on record for these bytes under this declaration."""
    return Evidence.objects.filter(kind=kind, sha256=sha256, declaration_sha256=_digest(declaration)).first()


def _digest(declaration: object) -> str:
    return hashlib.sha256(document_text(declaration).encode()).hexdigest()


def _declare(
    recording: Recording,
    *,
    kind: EvidenceKind,
    sha256: str,
    name: str,
    format_name: str,
    declaration: dict[str, Any],
    row_count: int | None,
    columns: list[dict[str, str]],
) -> Evidence:
    known = find_evidence(kind=kind, sha256=sha256, declaration=declaration)
    if known:
        return known
    evidence = Evidence(
        uid=new_uid(),
        kind=kind,
        name=Path(name).name,
        sha256=sha256,
        size=store.stored_size(sha256),
        format=format_name,
        declaration=declaration,
        declaration_sha256=_digest(declaration),
        row_count=row_count,
        columns=columns,
    )
    return recording.create(
        evidence,
        action=f"{kind.value}.declared",
        subject=evidence.subject,
        data={"sha256": sha256, "declaration_sha256": evidence.declaration_sha256, "format": format_name},
    )
