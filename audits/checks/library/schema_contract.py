"""Does the table keep what the reference kept?"""

from __future__ import annotations

from audits.checks import ColumnShapes, Report, check
from audits.checks.contracts import contract_report, inferred
from audits.checks.judged_shapes import AgreedShapes
from audits.checks.parameters import Amount, Count

_NAME = "data_quality.schema_contract"


@check(_NAME, version=1, needs=ColumnShapes, keeps=AgreedShapes, tables=("evaluation", "reference"))
def schema_contract(
    evaluation: AgreedShapes,
    reference: AgreedShapes,
    *,
    range_margin: Amount = 0.1,
    max_categories: Count = 50,
    min_rows: Count = 100,
    ignore: tuple[str, ...] = (),
) -> Report:
    """Columns of the table held against a contract that is read off the reference.

    The contract asks of each column its type, no missing cells where the reference has none, the range of its
    numbers, its categories or otherwise the pattern of its texts (letters and digits), values that never repeat, and
    ascending or descending order, each where the reference keeps it. Fractions need not come where the reference has
    them.

    Parameters
    ----------
    evaluation : AgreedShapes
        Shapes of the columns now.
    reference : AgreedShapes
        Shapes of the columns in the reference.
    range_margin : float, at least 0, default=0.1
        How far numbers may reach beyond the reference, as a share of its range.
    max_categories : int, default=50
        Most different texts, none of them in most rows, that are read as the categories of a column.
    min_rows : int, default=100
        Fewest filled rows of the reference from which patterns, order and uniqueness are read.
    ignore : list of str, default=[]
        Columns, or rules written as "column.rule" (type, required, range, categories, pattern, unique, order), that
        are not held against the table.

    Formula
    -------
    number of rules read off the reference that a column breaks

    Measures
    --------
    broken_rules : int, unit rules, ideal 0, by column of the reference.

    Cannot measure
    --------------
    A table without rows.

    Source
    ------
    Breck et al. (2019), Data Validation for Machine Learning, MLSys 2019, for schemas that are inferred.

    Example
    -------
    | age (feature) | town (feature) | in (table) | rows |
    |---|---|---|---|
    | 40 | Bonn | reference | 2 |
    | 20 | Bonn | reference | 2 |
    | 60 | Ulm | reference | 2 |
    | 30 | Bonn | evaluation | 3 |
    | 70 | Jena | evaluation | 1 |
    |  | Ulm | evaluation | 1 |

    - `broken_rules` of age: required (a cell is empty) and range (70 is above 60 + 0.1 (60 - 20) = 64), 1 + 1 = 2
    - `broken_rules` of town: categories (Jena is none of the reference), 1 + 0 = 1
    """
    contracts = [
        inferred(shape, range_margin=range_margin, max_categories=max_categories, min_rows=min_rows)
        for shape in reference.by_name.values()
    ]
    return contract_report(_NAME, contracts, evaluation.by_name, ignore)
