"""Which bytes stand for a row, so that its entry can bind it?"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from audits.trail.canonical import canonical_json
from audits.trail.clock import timestamp
from audits.trail.fields import DocumentField, document_text


def _plain(field: "models.Field[Any, Any]", value: Any) -> object:
    """Return `value` in the one form that holds before the insert and after every later read."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(field, DocumentField):
        return document_text(value)
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, float):
        return repr(value)
    return int(value) if isinstance(value, int) else str(value)


def row_digest(row: models.Model) -> str:
    """Return the SHA-256, in hex, of the canonical JSON of the row's columns, all but the pointer to its entry.

    A column is named as in the database; times have six digits, bytes are hex, fractions their shortest decimal. A
    column that was added later is left out while it holds its default.
    """
    later: frozenset[str] = getattr(row, "columns_added_later", frozenset())
    columns = {
        field.column: _plain(field, getattr(row, field.attname))
        for field in row._meta.concrete_fields
        if field.name != "entry" and not (field.name in later and getattr(row, field.attname) == field.get_default())
    }
    return hashlib.sha256(canonical_json(columns, max_bytes=None)).hexdigest()
