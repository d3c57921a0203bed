"""What may a declaration say about the columns of a table, and how is a slip answered?"""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.tables.declaration import (
    ROLES,
    SINGLE_ROLES,
    TASKS,
    ColumnDeclaration,
    Declaration,
    UnusableTable,
    parse_declaration,
)

HIRING: dict[str, Any] = {
    "task": "binary",
    "favourable": 1,
    "columns": {
        "hired": {"roles": ["label"]},
        "selected": {"roles": ["prediction"]},
        "age": {"roles": ["feature", "sensitive"], "bands": [40, 55]},
        "sex": {"roles": ["sensitive"], "labels": {"1": "male", "2": "female"}},
    },
}


def test_a_declaration_says_what_every_column_means() -> None:
    hiring = parse_declaration(HIRING)
    assert (hiring.task, hiring.favourable) == ("binary", 1)
    assert hiring.one("prediction") == ColumnDeclaration("selected", ("prediction",))
    assert hiring.one("weight") is None
    assert [column.name for column in hiring.with_role("sensitive")] == ["age", "sex"]
    assert hiring.columns[2] == ColumnDeclaration("age", ("sensitive", "feature"), bands=(40, 55))
    assert hiring.columns[3].labels == {"1": "male", "2": "female"}


def test_asking_for_the_one_column_of_a_shared_role_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="use with_role"):
        parse_declaration(HIRING).one("sensitive")


def without(key: str) -> dict[str, Any]:
    return {k: v for k, v in HIRING.items() if k != key}


def topics(**columns: object) -> dict[str, object]:
    """A multi_label declaration with the labels rain and snow."""
    labels = {"rain": {"roles": ["label"]}, "snow": {"roles": ["label"]}}
    return {"task": "multi_label", "columns": {**labels, **columns}}


def said(label: object) -> dict[str, object]:
    return {"roles": ["prediction"], "of": label}


def column(**body: Any) -> dict[str, Any]:
    return {**HIRING, "columns": {"x": body}}


SLIPS: list[tuple[str, object, str]] = [
    (
        "declaration_malformed",
        [HIRING],
        'The declaration is not a JSON object; write {"task": ..., "columns": {...}}.',
    ),
    (
        "declaration_malformed",
        {**HIRING, "favorable": 1},
        'The key "favorable" has no meaning; did you mean favourable?',
    ),
    ("declaration_malformed", without("columns"), "The declaration names no columns; "),
    ("declaration_malformed", {**HIRING, "columns": {}}, "The declaration names no columns; "),
    (
        "declaration_malformed",
        {**HIRING, "columns": {"": {"roles": ["id"]}}},
        "A column is listed without a name",
    ),
    (
        "declaration_malformed",
        {**HIRING, "columns": {"x": "label"}},
        'Column "x": the column is not described',
    ),
    ("declaration_malformed", column(), 'Column "x": the column has no list of roles; '),
    ("declaration_malformed", column(roles="label"), 'Column "x": the column has no list of roles; '),
    (
        "declaration_malformed",
        column(role=["label"]),
        'Column "x": the key "role" has no meaning; did you mean roles?',
    ),
    ("unknown_task", without("task"), "The task is missing; use one of binary, multiclass, multi_label, regression."),
    ("unknown_task", {**HIRING, "task": "ranking"}, 'The task is "ranking"; use one of '),
    ("unknown_task", {**HIRING, "task": ["binary"]}, "The task is ['binary']; use one of "),
    (
        "favourable_missing",
        without("favourable"),
        "The declaration does not say which outcome is favourable; ",
    ),
    (
        "favourable_malformed",
        {**HIRING, "favourable": True},
        "Favourable is True; write the number 0 or the number 1.",
    ),
    ("favourable_malformed", {**HIRING, "favourable": "1"}, 'Favourable is "1"; '),
    ("favourable_malformed", {**HIRING, "favourable": 2}, "Favourable is 2; "),
    (
        "favourable_malformed",
        {**HIRING, "task": "regression"},
        "A regression task has no favourable outcome; ",
    ),
    (
        "unknown_role",
        column(roles=["sensitve"]),
        'Column "x": the role "sensitve" does not exist; did you mean sensitive?',
    ),
    (
        "unknown_role",
        column(roles=[7]),
        'Column "x": the role 7 does not exist; use label, ',
    ),
    (
        "repeated_role",
        {**HIRING, "columns": {"a": {"roles": ["label"]}, "b": {"roles": ["label"]}}},
        'Column "b": "a", "b" all have the role label; give the role label to one column.',
    ),
    ("conflicting_roles", column(roles=["label", "prediction"]), "as label and as prediction"),
    ("conflicting_roles", column(roles=["feature", "label"]), "as label and as feature"),
    (
        "pairing_malformed",
        column(roles=["prediction"], of="y"),
        "only the prediction of a multi_label task is of a label",
    ),
    ("pairing_malformed", topics(said={"roles": ["prediction"]}), 'Column "said": the prediction does not say which'),
    ("pairing_malformed", topics(said=said("rian")), 'is of "rian", which is no label; did you mean rain?'),
    ("pairing_malformed", topics(said=said(7)), 'Column "said": the prediction is of 7; write the name of a label.'),
    ("pairing_malformed", topics(said=said("rain")), 'Column "snow": no prediction is of this label; add the column'),
    ("pairing_malformed", topics(a=said("rain"), b=said("rain")), 'Column "b": "a" predicts the label "rain" already'),
    ("pairing_malformed", topics(rain={"roles": ["label"], "of": "snow"}), "only the prediction of a multi_label task"),
    ("bands_malformed", column(roles=["sensitive"], bands=[]), "the bands are []; write a list of cuts"),
    ("bands_malformed", column(roles=["sensitive"], bands=40), "the bands are 40"),
    ("bands_malformed", column(roles=["sensitive"], bands=["40"]), "the bands are ['40']"),
    ("bands_malformed", column(roles=["sensitive"], bands=[True]), "the bands are [True]"),
    ("bands_malformed", column(roles=["sensitive"], bands=[10**400]), "the bands are [1000"),
    ("bands_malformed", column(roles=["sensitive"], bands=[float("nan")]), "the bands are [nan]"),
    ("bands_not_ascending", column(roles=["sensitive"], bands=[55, 40]), "the band 40 comes after 55"),
    ("bands_not_ascending", column(roles=["sensitive"], bands=[40, 40]), "the band 40 comes after 40"),
    ("labels_malformed", column(roles=["sensitive"], labels=["male"]), "not an object from cell text"),
    ("labels_malformed", column(roles=["sensitive"], labels={"1": ""}), "not an object from cell text"),
    ("labels_malformed", column(roles=["sensitive"], labels={1: "male"}), "not an object from cell text"),
    (
        "labels_malformed",
        column(roles=["sensitive"], bands=[1], labels={"1": "a"}),
        "has bands, which name its groups",
    ),
]


@pytest.mark.parametrize(("code", "document", "sentence"), SLIPS)
def test_a_slip_is_named_with_what_to_do(code: str, document: object, sentence: str) -> None:
    with pytest.raises(UnusableTable) as slip:
        parse_declaration(document)
    assert slip.value.code == code
    assert sentence in str(slip.value)
    assert slip.value.fix


def test_reading_a_declaration_leaves_the_document_alone() -> None:
    document = copy.deepcopy(HIRING)
    parse_declaration(document)
    assert document == HIRING


names = st.text(min_size=1, max_size=8)
cuts = st.lists(st.integers(-99, 99) | st.floats(-99, 99), min_size=1, max_size=4, unique=True).map(sorted)
groups = st.dictionaries(st.text(max_size=4), st.text(min_size=1, max_size=4), min_size=1, max_size=3)


@st.composite
def declarations(draw: st.DrawFn) -> Declaration:
    columns = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    task = draw(st.sampled_from(TASKS))
    free = [role for role in SINGLE_ROLES if task != "multi_label" or role not in ("label", "prediction")]
    declared = []
    for name in columns:
        roles = set(draw(st.lists(st.sampled_from(["sensitive", "feature"]), min_size=1, max_size=2)))
        if free and draw(st.booleans()):
            single = draw(st.sampled_from(free))
            free.remove(single)
            roles = {single} if single == "label" else {single, *roles}
        bands = draw(st.none() | cuts)
        labels = draw(st.none() | groups) if bands is None else None
        ordered = tuple(role for role in ROLES if role in roles)
        declared.append(ColumnDeclaration(name, ordered, tuple(bands) if bands else None, labels))
    for number in range(draw(st.integers(1, 3)) if task == "multi_label" else 0):
        declared.append(ColumnDeclaration(f"label {number}", ("label",)))
        declared.append(ColumnDeclaration(f"prediction {number}", ("prediction",), of=f"label {number}"))
    favourable = draw(st.sampled_from([0, 1])) if task == "binary" else None
    return Declaration(task, favourable, tuple(declared))


def test_each_label_of_many_has_its_prediction_whatever_the_order_of_the_columns() -> None:
    declaration = parse_declaration(topics(b=said("snow"), a=said("rain")))
    assert declaration.pairs == (("rain", "a"), ("snow", "b"))
    assert declaration.one("label") is None
    assert parse_declaration(topics()).pairs == (("rain", None), ("snow", None))


@given(declarations())
def test_the_document_of_a_declaration_reads_back_equal(declaration: Declaration) -> None:
    assert parse_declaration(declaration.to_document()) == declaration


def test_an_error_survives_the_way_between_processes() -> None:
    error = UnusableTable("score_infinite", "the score is inf", "score", 3, 4, "write a finite number")
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301 - bytes made one line above
    assert copied.to_document() == error.to_document()
    assert str(copied) == 'Column "score", row 3, line 4: the score is inf; write a finite number.'


def test_an_error_code_nobody_documented_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="not in ERROR_CODES"):
        UnusableTable("something_else", "the table is odd")


def test_control_characters_in_a_name_do_not_reach_the_terminal() -> None:
    error = UnusableTable("no_rows", "the table has no rows", column="a\x1b[31m" + "b" * 90)
    assert str(error).startswith('Column "a\\x1b[31mbbb')
    assert "…" in str(error)
