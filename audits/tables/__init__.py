"""Tables as evidence: what their columns mean, how they are read, and what is wrong with them; no Django."""

from audits.tables.declaration import ROLES, SINGLE_ROLES, TASKS, ColumnDeclaration, Declaration, parse_declaration
from audits.tables.limits import DEFAULT, Limits
from audits.tables.profile import PROFILED_ROLES, read_profile
from audits.tables.reading import (
    FORMATS,
    PROFILE,
    Table,
    TableFacts,
    TableFormat,
    inspect_table,
    keeps_columns_apart,
    open_table,
)
from audits.tables.unusable import ERROR_CODES, UnusableTable

__all__ = [
    "DEFAULT",
    "ERROR_CODES",
    "FORMATS",
    "PROFILE",
    "PROFILED_ROLES",
    "ROLES",
    "SINGLE_ROLES",
    "TASKS",
    "ColumnDeclaration",
    "Declaration",
    "Limits",
    "Table",
    "TableFacts",
    "TableFormat",
    "UnusableTable",
    "inspect_table",
    "keeps_columns_apart",
    "open_table",
    "parse_declaration",
    "read_profile",
]
