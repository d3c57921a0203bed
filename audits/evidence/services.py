"""How do stored bytes become evidence?"""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audits.evidence import store
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


def declare_artifact(*, recording: Recording, sha256: str, name: str, format_name: str) -> Evidence:
    """Put a model's artifact on record. Records: artifact.declared. Idempotent: by bytes."""
    return _declare(
        recording,
        kind=EvidenceKind.ARTIFACT,
        sha256=sha256,
        name=name,
        format_name=format_name,
        declaration={},
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
