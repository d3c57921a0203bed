"""What filters and orders mean, as tables; and whatever is written, it is read back or refused by name."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from governance.api.mlflow.errors import InvalidParameter
from governance.api.mlflow.grammar import LARGEST, MOST_CLAUSES, Clause, Kind, Order, parse_filter, parse_order
from governance.api.mlflow.searches import MODEL_KEYS, MODEL_ORDERS, VERSION_KEYS, VERSION_ORDERS
from tests.governance.mlflow.conftest import MlflowCaller

OF_TEXT = ("=", "!=", "LIKE", "ILIKE")
OF_NUMBERS = ("=", "!=", ">", ">=", "<", "<=")
IN_LISTS = ("IN", "NOT IN")


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("", []),
        ("  \n ", []),
        ("name = 'a'", [Clause("name", "=", "a")]),
        ('name="a"', [Clause("name", "=", "a")]),
        ("attribute.name LIKE '%a_'", [Clause("name", "LIKE", "%a_")]),
        ("name ilike 'A'", [Clause("name", "ILIKE", "A")]),
        ("name != ''", [Clause("name", "!=", "")]),
        ("name IN ('a')", [Clause("name", "IN", ("a",))]),
        ("name not  in ('a','b')", [Clause("name", "NOT IN", ("a", "b"))]),
        ("version_number >= 3", [Clause("version_number", ">=", 3)]),
        ("version_number != '3'", [Clause("version_number", "!=", 3)]),
        ("version_number > -1", [Clause("version_number", ">", -1)]),
        ("run_id IN ('r1', 'r2')", [Clause("run_id", "IN", ("r1", "r2"))]),
        ("source_path ILIKE 'S3://%'", [Clause("source_path", "ILIKE", "S3://%")]),
        ("tag.team = 'risk'", [Clause("", "=", "risk", "team")]),
        ("tags.team != 'risk'", [Clause("", "!=", "risk", "team")]),
        ("tags.`owner.team name` LIKE '%'", [Clause("", "LIKE", "%", "owner.team name")]),
        ("tags.\"owner.team\" ILIKE 'r'", [Clause("", "ILIKE", "r", "owner.team")]),
        ("tag.`mlflow.prompt.is_prompt` != 'true'", [Clause("", "!=", "true", "mlflow.prompt.is_prompt")]),
        ("name = 'a AND b'", [Clause("name", "=", "a AND b")]),
        ("name = 'say \"a\"'", [Clause("name", "=", 'say "a"')]),
        ("name = 'a' and version_number<2", [Clause("name", "=", "a"), Clause("version_number", "<", 2)]),
        # Beyond MLflow.
        ("current_stage = 'Production'", [Clause("current_stage", "=", "Production")]),
        ("alias = 'champion'", [Clause("alias", "=", "champion")]),
        ("digest = 'ab'", [Clause("digest", "=", "ab")]),
        ("creation_timestamp > 1700000000000", [Clause("creation_timestamp", ">", 1_700_000_000_000)]),
        ("last_updated_timestamp <= 1", [Clause("last_updated_timestamp", "<=", 1)]),
    ],
)
def test_a_filter_means(text: str, clauses: list[Clause]) -> None:
    assert parse_filter(text, VERSION_KEYS) == clauses


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "name =",
        "= 'a'",
        "'a' = name",
        "name = a",
        "name = 1",
        "name == 'a'",
        "name <> 'a'",
        "name > 'a'",
        "name = 'a",
        "name = ('a')",
        "name IN 'a'",
        "name IN ()",
        "name IN ('a',)",
        "name IN ('a' 'b')",
        "name IN (1)",
        "name IN ('a'",
        "NOT name = 'a'",
        "(name = 'a')",
        "name = 'a' OR name = 'b'",
        "name = 'a' name = 'b'",
        "name = 'a' AND",
        "AND name = 'a'",
        "name = 'a';",
        "version_number LIKE '1'",
        "version_number = 1.5",
        "version_number = 'x'",
        "version_number = ٣",
        "version_number IN ('1')",
        f"version_number = {LARGEST + 1}",
        f"version_number = {'9' * 400}",
        "source_path IN ('a')",
        "tag.team IN ('a')",
        "tag.team > 'a'",
        "tag.team = 1",
        "tag = 'a'",
        "tag. = 'a'",
        "tag.two words = 'a'",
        "user = 'a'",
        "status = 'READY'",
        "attributes.name = 'a'",
        "params.name = 'a'",
        "name = 'a' AND " * MOST_CLAUSES + "name = 'a'",
        "name = '" + "a" * 20_000 + "'",
    ],
)
def test_a_filter_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_filter(text, VERSION_KEYS)
    assert refusal.value.context["field"] == "filter"
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("key", ["version_number", "run_id", "source_path", "current_stage", "digest"])
def test_models_have_no_keys_of_versions(key: str) -> None:
    with pytest.raises(InvalidParameter, match=key):
        parse_filter(f"{key} = '1'", MODEL_KEYS)


# (key of a version, the operators it knows)
@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("name", OF_TEXT + IN_LISTS),
        ("run_id", OF_TEXT + IN_LISTS),
        ("source_path", OF_TEXT),
        ("version_number", OF_NUMBERS),
        ("tag.team", OF_TEXT),
    ],
)
def test_every_key_knows_its_operators_and_no_other(key: str, known: tuple[str, ...]) -> None:
    for operator in {*OF_TEXT, *OF_NUMBERS, *IN_LISTS}:
        value = "('1')" if operator in IN_LISTS else "'1'"
        if operator in known:
            assert parse_filter(f"{key} {operator} {value}", VERSION_KEYS)[0].operator == operator
        else:
            with pytest.raises(InvalidParameter):
                parse_filter(f"{key} {operator} {value}", VERSION_KEYS)


@pytest.mark.parametrize(
    ("texts", "keys", "orders"),
    [
        ([], MODEL_ORDERS, []),
        (["name"], MODEL_ORDERS, [Order("state__name", True)]),
        (["name desc"], MODEL_ORDERS, [Order("state__name", False)]),
        (["timestamp ASC"], MODEL_ORDERS, [Order("state__updated_at", True)]),
        (["attribute.last_updated_timestamp DESC"], MODEL_ORDERS, [Order("state__updated_at", False)]),
        (
            ["`name`", "version_number DESC"],
            VERSION_ORDERS,
            [Order("model__state__name", True), Order("number", False)],
        ),
        (["creation_timestamp"], VERSION_ORDERS, [Order("registered_at", True)]),
        (["last_updated_timestamp"], VERSION_ORDERS, [Order("position__updated_at", True)]),
    ],
)
def test_an_order_means(texts: list[str], keys: dict[str, str], orders: list[Order]) -> None:
    assert parse_order(texts, keys) == orders


@pytest.mark.parametrize(
    "texts",
    [
        [""],
        ["creation_timestamp"],
        ["version_number"],
        ["name UP"],
        ["name ASC DESC"],
        ["name,timestamp"],
        ["tag.team"],
        ["name", "name DESC"],
        ["timestamp", "last_updated_timestamp"],
    ],
)
def test_an_order_is_refused(texts: list[str]) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_order(texts, MODEL_ORDERS)
    assert refusal.value.context["field"] == "order_by"


_SIGNS = 'aZ7 _%./:-,()=<>!\\"\nüИ😀'
_VALUES = st.text(_SIGNS + "`", max_size=20)
_LISTS = st.lists(_VALUES, min_size=1, max_size=4).map(tuple)
_NUMBERS = st.integers(-LARGEST, LARGEST)
_TAGS = st.text(_SIGNS + "'", min_size=1, max_size=20)


def _of(key: str, kind: Kind) -> st.SearchStrategy[Clause]:
    if kind == Kind.NUMBER:
        return st.builds(Clause, st.just(key), st.sampled_from(OF_NUMBERS), _NUMBERS)
    compared = st.builds(Clause, st.just(key), st.sampled_from(OF_TEXT), _VALUES)
    listed = st.builds(Clause, st.just(key), st.sampled_from(IN_LISTS), _LISTS)
    return compared | listed if kind == Kind.LISTED else compared


_CLAUSES = st.one_of(
    *(_of(key, kind) for key, kind in VERSION_KEYS.items()),
    st.builds(Clause, st.just(""), st.sampled_from(OF_TEXT), _VALUES, _TAGS),
)


def written(clause: Clause) -> str:
    match clause.value:
        case tuple():
            value = "(" + ", ".join(f"'{one}'" for one in clause.value) + ")"
        case int():
            value = str(clause.value)
        case _:
            value = f"'{clause.value}'"
    return f"{f'tags.`{clause.tag}`' if clause.tag else clause.key} {clause.operator} {value}"


@given(st.lists(_CLAUSES, min_size=1, max_size=6))
def test_what_is_written_reads_back(clauses: list[Clause]) -> None:
    assert parse_filter(" AND ".join(map(written, clauses)), VERSION_KEYS) == clauses


_SHREDS = st.sampled_from(
    [
        "name",
        "tag",
        "tags.",
        ".",
        "`",
        "'",
        '"',
        "(",
        ")",
        ",",
        "=",
        "!=",
        "<",
        "LIKE",
        "IN",
        "NOT",
        "AND",
        "OR",
        "1",
        " ",
    ]
)
_GARBAGE = (
    st.text(max_size=60) | st.lists(_SHREDS, max_size=20).map("".join) | st.lists(_SHREDS, max_size=20).map(" ".join)
)


@given(_GARBAGE)
@example("tag.` = 'a'")
@example("attribute. = 'a'")
@example("name = '\ud800'")
def test_garbage_is_refused_and_never_breaks(text: str) -> None:
    for parse in (
        lambda: parse_filter(text, VERSION_KEYS),
        lambda: parse_filter(text, MODEL_KEYS),
        lambda: parse_order([text], VERSION_ORDERS),
    ):
        with contextlib.suppress(InvalidParameter):
            parse()


@pytest.mark.parametrize("search", ["registered-models/search", "model-versions/search"])
@pytest.mark.parametrize("wrong", [{"filter": "name = 'a' OR 1=1"}, {"order_by": "nothing"}, {"page_token": "?"}])
def test_a_client_is_told_400(mlflow: MlflowCaller, search: str, wrong: dict[str, str]) -> None:
    assert mlflow.refused("GET", search, **wrong) == (400, "INVALID_PARAMETER_VALUE")
