"""Does the table keep the contract that was written down for it?"""

from __future__ import annotations

from audits.checks import CannotMeasure, ColumnShapes, Report, check
from audits.checks.contracts import contract_report, parsed
from audits.checks.judged_shapes import DeclaredShapes

_NAME = "data_quality.declared_schema"


@check(_NAME, version=1, needs=ColumnShapes, keeps=DeclaredShapes)
def declared_schema(shapes: DeclaredShapes, *, columns: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> Report:
    """Columns held against a declared contract, a line for each.

    A line is the name of a column, a colon, and rules between semicolons: a type (`integer`, `number`, `text`,
    `time`), `required`, `from 0 to 120`, `one of female | male`, `pattern 99999 | A-999` (A for a run of letters, 9
    for each digit), `unique`, `ascending` and `descending` in the order of the rows. Numbers are compared with
    categories as numbers, true and false as 1 and 0; a rule that cells of the column's type cannot keep is broken.

    Parameters
    ----------
    shapes : DeclaredShapes
        Shapes of the columns.
    columns : list of str, default=[]
        The contract, such as "age: integer; required; from 0 to 120".
    ignore : list of str, default=[]
        Columns, or rules written as "column.rule" (type, required, range, categories, pattern, unique, order), that
        are not held against the table.

    Formula
    -------
    number of rules of the contract that a column breaks

    Measures
    --------
    broken_rules : int, unit rules, ideal 0, by column of the contract.

    Cannot measure
    --------------
    No contract, a line that means nothing, or a table without rows.

    Source
    ------
    Breck et al. (2019), Data Validation for Machine Learning, MLSys 2019; pandera, for the rules.

    Example
    -------
    | age (feature) | town (feature) | rows |
    |---|---|---|
    | 30 | Bonn | 3 |
    | 130 | Jena | 1 |
    |  | Ulm | 1 |

    With `columns=["age: integer; required; from 0 to 120", "town: text; one of Bonn, Ulm"]`:

    - `broken_rules` of age: required (a cell is empty) and range (130 is above 120), 1 + 1 = 2
    - `broken_rules` of town: categories (Jena is not agreed), 1 + 0 = 1
    """
    if not columns:
        raise CannotMeasure('Write the contract in "columns", such as "age: integer; required; from 0 to 120".')
    return contract_report(_NAME, [parsed(line) for line in columns], shapes.by_name, ignore)
