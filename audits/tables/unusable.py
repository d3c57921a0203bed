"""Why can a table or its declaration not be used, and what is there to do about it?"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ERROR_CODES: Mapping[str, str] = MappingProxyType(
    {
        # the declaration
        "declaration_malformed": "The declaration is not the JSON document described in this page.",
        "unknown_task": "The task is none of binary, multiclass, multi_label and regression.",
        "favourable_missing": "A binary task does not say which outcome is the favourable one.",
        "favourable_malformed": "The favourable outcome is neither 0 nor 1, or the task is not binary.",
        "unknown_role": "A column has a role that does not exist.",
        "repeated_role": "Two columns have a role that only one column can have.",
        "conflicting_roles": "One column has two roles that exclude each other.",
        "pairing_malformed": "The predictions of a multi_label task do not go with its labels one to one.",
        "bands_malformed": "The bands of a column are not a list of numbers.",
        "bands_not_ascending": "The bands of a column do not ascend.",
        "labels_malformed": "The group names of a column are not an object from cell text to name.",
        # the format
        "unknown_format": "The format is none of csv, jsonl, parquet, arrow and profile.",
        "bad_delimiter": "The delimiter is not a single character that can separate cells.",
        "unknown_encoding": "The encoding is not one that Python knows as a text encoding.",
        # the bytes of the file
        "wrong_format": "The bytes are of another format than the declared one.",
        "empty_file": "The file holds no bytes.",
        "damaged_file": "The file is cut off or damaged.",
        "wrong_encoding": "Some bytes are not valid in the encoding.",
        "contradicting_encoding": "The byte-order mark contradicts the declared encoding.",
        "profile_malformed": "A stored profile is not the document that profile_table writes.",
        "profile_without_rows": "Rows are asked of a stored profile, which has none.",
        "nul_byte": "The text holds a NUL character.",
        "too_many_bytes": "The file is larger than the limit once it is unpacked.",
        # the shape of the table
        "no_header": "The first line does not name the columns.",
        "malformed_header": "The quotes of the header do not match.",
        "wrong_delimiter": "The header is one cell under the declared delimiter and several under another.",
        "unnamed_column": "A column has no name.",
        "repeated_column": "Two columns have the same name.",
        "too_many_columns": "The table has more columns than the limit.",
        "too_many_rows": "The table has more rows than the limit.",
        "no_rows": "The table has no rows.",
        "ragged_row": "A row has more or fewer cells than the header.",
        "row_too_long": "A row is longer than the limit.",
        "cell_too_long": "A cell is longer than the limit.",
        "unclosed_quote": "A quote is opened and never closed.",
        "malformed_line": "A line of JSON lines is not one object with each key once.",
        # the files of an archive
        "odd_fragment": "An archive holds something that is no plain file.",
        "too_many_fragments": "An archive holds more files than the limit.",
        "fragments_differ": "The files of an archive do not hold the same columns, or not in the same types.",
        # the columns
        "missing_column": "A column that was declared or asked for is not in the table.",
        "nested_column": "A column holds lists, maps or records instead of single values.",
        "unsupported_column": "A column has a type that the checks have no use for.",
        "number_out_of_range": "A whole number is too large to be read exactly.",
        "time_out_of_range": "A time in the old INT96 form cannot be read without changing its year.",
        "mixed_types": "A column of JSON lines holds values of different types.",
        "types_changed": "A cell does not have the type that was found for its column before.",
        # the cells of columns with a role
        "label_missing": "A label is missing.",
        "label_not_binary": "A label of a binary or multi_label task is neither 0 nor 1.",
        "label_not_a_number": "A label of a regression task is not a number.",
        "label_infinite": "A label of a regression task is infinite.",
        "prediction_missing": "A prediction is missing.",
        "prediction_not_binary": "A prediction of a binary or multi_label task is neither 0 nor 1.",
        "prediction_not_a_number": "A prediction of a regression task is not a number.",
        "prediction_infinite": "A prediction of a regression task is infinite.",
        "incumbent_missing": "A prediction of the live version is missing.",
        "incumbent_not_binary": "A prediction of the live version for a binary task is neither 0 nor 1.",
        "incumbent_not_a_number": "A prediction of the live version for a regression task is not a number.",
        "incumbent_infinite": "A prediction of the live version for a regression task is infinite.",
        "score_missing": "A score is missing or NaN.",
        "score_not_a_number": "A score is not a number.",
        "score_infinite": "A score is infinite.",
        "weight_missing": "A weight is missing or NaN.",
        "weight_not_a_number": "A weight is not a number.",
        "weight_infinite": "A weight is infinite.",
        "weight_negative": "A weight is negative.",
        "lower_missing": "A lower bound is missing or NaN.",
        "lower_not_a_number": "A lower bound is not a number.",
        "lower_infinite": "A lower bound is infinite.",
        "upper_missing": "An upper bound is missing or NaN.",
        "upper_not_a_number": "An upper bound is not a number.",
        "upper_infinite": "An upper bound is infinite.",
        "bands_on_text": "A column with bands holds something that is not a number.",
        "id_missing": "A row has no id.",
        "id_repeated": "Two rows have the same id.",
        "incomparable_types": "The label is text and the prediction a number, or the other way round.",
    }
)


class UnusableTable(Exception):
    """A table, or the declaration of its columns, which no check can be run on.

    `row` counts data rows from 1, the header not included; `line` counts the lines of the file from 1. In an
    archive both count within the file `fragment`.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        column: str | None = None,
        row: int | None = None,
        line: int | None = None,
        fix: str = "",
        fragment: str | None = None,
    ) -> None:
        if code not in ERROR_CODES:
            raise ValueError(f"{code} is not in ERROR_CODES")
        super().__init__(code, detail, column, row, line, fix, fragment)
        self.code = code
        self.detail = detail
        self.column = column
        self.row = row
        self.line = line
        self.fix = fix
        self.fragment = fragment

    def __str__(self) -> str:
        places = []
        if self.fragment is not None:
            places.append(f'file "{shorten(self.fragment)}"')
        if self.column is not None:
            places.append(f'column "{shorten(self.column)}"')
        if self.row is not None:
            places.append(f"row {self.row}")
        if self.line is not None:
            places.append(f"line {self.line}")
        where = ", ".join(places)
        sentence = f"{where}: {self.detail}" if where else self.detail
        if self.fix:
            sentence = f"{sentence}; {self.fix}"
        end = "" if sentence.endswith("?") else "."
        return f"{sentence[0].upper()}{sentence[1:]}{end}"

    def on_line(self, line: int | None) -> UnusableTable:
        """The same error, with the line of the file filled in."""
        return UnusableTable(self.code, self.detail, self.column, self.row, line, self.fix, self.fragment)

    def in_fragment(self, name: str | None, row: int | None) -> UnusableTable:
        """The same error in a file of an archive, with the row counted within that file."""
        return UnusableTable(self.code, self.detail, self.column, row, self.line, self.fix, name)

    def to_document(self) -> dict[str, str | int | None]:
        return {
            "code": self.code,
            "detail": self.detail,
            "column": self.column,
            "row": self.row,
            "line": self.line,
            "fix": self.fix,
            "fragment": self.fragment,
        }


def shorten(text: str, longest: int = 60) -> str:
    """The text with its control characters spelled out, cut where a reader has seen enough."""
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: longest + 1])
    return plain if len(text) <= longest else f"{plain[:longest]}…"


def in_words(names: list[str], most: int = 12) -> str:
    """Quoted names in a row, as in: "age", "sex" and 3 more."""
    shown = ", ".join(f'"{shorten(name)}"' for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
