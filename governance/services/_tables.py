"""What does a stored table hold, and can it be what it is declared as?"""

from audits.evidence import EvidenceMissing, local_path
from audits.tables import Declaration, TableFacts, TableFormat, UnusableTable, inspect_table, parse_declaration
from governance.errors import TableUnacceptable
from governance.services._documents import unknown_bytes


def read_table(*, sha256: str, name: str, fmt: TableFormat, declaration: object) -> tuple[Declaration, TableFacts]:
    """Read stored bytes from end to end as what they are declared to be.

    Raises: UnknownBlob, TableUnacceptable with file, column, row and line.
    """
    try:
        parsed = parse_declaration(declaration)
        with local_path(sha256) as path:
            return parsed, inspect_table(path, fmt, parsed)
    except EvidenceMissing:
        raise unknown_bytes(sha256) from None
    except UnusableTable as problem:
        raise TableUnacceptable(
            str(problem),
            reason=problem.code,
            file=name,
            column=problem.column,
            row=problem.row,
            line=problem.line,
            fix=problem.fix,
        ) from None
