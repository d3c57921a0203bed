"""How is a question that nearly every request asks put without being worded anew each time?

Django words a query in Python whenever it is asked, which takes longer than the database needs to answer it. A
`Prepared` query is worded once; from then on the values take their places in it, and its rows become the same objects.
Where a value comes in, the query holds a `Given`, or is filtered by `among`. A `PreparedUpdate` changes rows, and
`insert` stores one, the same way.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import BooleanField, Expression, F, Field, Model, QuerySet, prefetch_related_objects
from django.db.models.query import ModelIterable, get_related_populators
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError

Row = TypeVar("Row")


class Given(Expression):
    """The place of a value that is known when the question is asked."""

    def __init__(self, name: str, field: "Field[Any, Any]") -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        return "%s", [self]

    def value(self, given: Mapping[str, Any], connection: BaseDatabaseWrapper) -> Any:
        return self.output_field.get_db_prep_value(given[self.name], connection, prepared=False)


class _Several(Given):
    """The place of any number of keys, which make no difference to the wording."""

    def value(self, given: Mapping[str, Any], connection: BaseDatabaseWrapper) -> Any:
        keys = list(given[self.name])
        return keys if connection.vendor == "postgresql" else json.dumps(keys)


class _Among(Expression):
    conditional = True

    def __init__(self, column: Any, keys: _Several) -> None:
        super().__init__(output_field=BooleanField())
        self.column, self.keys = column, keys

    def get_source_expressions(self) -> list[Any]:
        return [self.column, self.keys]

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        self.column, self.keys = exprs

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        column, before = compiler.compile(self.column)
        keys, after = compiler.compile(self.keys)
        listed = "= ANY({})" if connection.vendor == "postgresql" else "IN (SELECT value FROM json_each({}))"
        return f"{column} {listed.format(keys)}", [*before, *after]


def among(column: str, name: str) -> Expression:
    """Return the condition that a column of whole numbers holds one of those `given` under a name."""
    return _Among(F(column), _Several(name, Field()))


@dataclass(frozen=True, slots=True)
class _Wording:
    sql: str
    params: Sequence[Any]
    build: Callable[[Any], Any]
    locks: bool


class Prepared(Generic[Row]):
    """A query that is worded once. `rows` returns it as a queryset, of models or of `values_list`."""

    def __init__(self, rows: Callable[[], QuerySet[Any, Row]]) -> None:
        self._rows = rows
        self._wordings: dict[str, _Wording] = {}

    def all(self, **given: Any) -> list[Row]:
        """Return the rows for these values."""
        connection = connections[DEFAULT_DB_ALIAS]
        wording = self._wordings.get(connection.vendor) or self._worded(connection)
        if wording.locks and connection.get_autocommit():
            raise TransactionManagementError("What is locked outside a transaction is let go at once.")
        with _cursor(connection) as cursor:
            cursor.execute(wording.sql, _values(wording.params, given, connection))
            found = cursor.fetchall()
        return wording.build(found) if found else []

    def first(self, **given: Any) -> Row | None:
        """Return the first row for these values, if there is any; the query itself says how many it reads."""
        found = self.all(**given)
        return found[0] if found else None

    def _worded(self, connection: BaseDatabaseWrapper) -> _Wording:
        rows = self._rows()
        compiler = rows.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        wording = _Wording(sql, params, _builder(rows, compiler), rows.query.select_for_update)
        self._wordings[connection.vendor] = wording
        return wording


class PreparedUpdate:
    """An update that is worded once. `rows` returns which rows are changed, `columns` are what becomes of them."""

    def __init__(self, rows: Callable[[], QuerySet[Any, Any]], **columns: Any) -> None:
        self._rows, self._columns = rows, columns
        self._wordings: dict[str, tuple[str, Sequence[Any]]] = {}

    def apply(self, **given: Any) -> int:
        """Change the rows for these values, and return how many there are."""
        connection = connections[DEFAULT_DB_ALIAS]
        sql, params = self._wordings.get(connection.vendor) or self._worded(connection)
        with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS), _cursor(connection) as cursor:
            cursor.execute(sql, _values(params, given, connection))
            return cursor.rowcount

    def _worded(self, connection: BaseDatabaseWrapper) -> tuple[str, Sequence[Any]]:
        query: Any = self._rows().query.chain(UpdateQuery)
        query.add_update_values(self._columns)
        wording = self._wordings[connection.vendor] = query.get_compiler(connection=connection).as_sql()
        return wording


_inserts: dict[tuple[str, type[Model], bool], str] = {}


def insert(row: Model) -> None:
    """Store a new row as `save(force_insert=True)` would; of a model without parents or columns the database reckons.

    No signal tells of it.
    """
    connection, meta = connections[DEFAULT_DB_ALIAS], row._meta
    row._prepare_related_fields_for_save(operation_name="save")  # type: ignore[attr-defined]
    # The key is the database's to give, unless the row brings one.
    is_keyed = row.pk is not None
    fields = [field for field in meta.local_concrete_fields if is_keyed or not field.primary_key]
    sql = _inserts.get((connection.vendor, type(row), is_keyed)) or _insert_worded(connection, row, fields, is_keyed)
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS), _cursor(connection) as cursor:
        cursor.execute(sql, values)
        if not is_keyed:
            (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def _insert_worded(connection: BaseDatabaseWrapper, row: Model, fields: list["Field[Any, Any]"], is_keyed: bool) -> str:
    query = InsertQuery(type(row))
    query.insert_values(fields, [row])
    compiler = query.get_compiler(connection=connection)
    compiler.returning_fields = [] if is_keyed else [row._meta.pk]
    ((sql, params),) = compiler.as_sql()
    if row._meta.parents or len(params) != len(fields):
        raise TypeError(f"{row._meta.label} is stored by save(), not by a statement that is worded once.")
    _inserts[connection.vendor, type(row), is_keyed] = sql
    return sql


def _values(params: Sequence[Any], given: Mapping[str, Any], connection: BaseDatabaseWrapper) -> list[Any]:
    return [one.value(given, connection) if isinstance(one, Given) else one for one in params]


def _cursor(connection: BaseDatabaseWrapper) -> CursorWrapper:
    """Return a cursor by which PostgreSQL plans a wording once for each connection, if the settings let it.

    Django's own puts the values into the text, which is another text and another plan each time. Where queries are
    logged, that text is what is logged.
    """
    is_kept = connection.settings_dict["OPTIONS"].get("prepare_threshold") is not None
    if connection.vendor != "postgresql" or not is_kept or connection.queries_logged:
        return connection.cursor()
    # In this order: a connection that broke is replaced before its cursors are asked for.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        # The driver's own, of one engine.
        return connection.make_cursor(connection.Database.Cursor(connection.connection))  # type: ignore[attr-defined]


def _builder(rows: QuerySet[Any, Any], compiler: SQLCompiler) -> Callable[[Any], list[Any]]:
    """Return what makes of rows of the database what the queryset would make of them."""
    select, about = compiler.select, compiler.klass_info
    converters = compiler.get_converters([column for column, _, _ in select])
    lookups = rows._prefetch_related_lookups  # type: ignore[attr-defined]

    def converted(found: Collection[Sequence[Any]]) -> Any:
        # Not the compiler's connection: that belongs to the thread which worded the query.
        here = connections[DEFAULT_DB_ALIAS]
        for row in map(list, found):
            for place, (functions, expression) in converters.items():
                for function in functions:
                    row[place] = function(row[place], expression, here)
            yield row

    if about is None or rows._iterable_class is not ModelIterable:
        return (lambda found: [tuple(row) for row in converted(found)]) if converters else list
    model, (start, end) = about["model"], (about["select_fields"][0], about["select_fields"][-1] + 1)
    names = [column.target.attname for column, _, _ in select[start:end]]
    related = get_related_populators(about, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # of a later Django
    annotated = dict(compiler.annotation_col_map or {})

    def built(found: Collection[Sequence[Any]]) -> list[Any]:
        objects = []
        for row in converted(found):
            made = model.from_db(DEFAULT_DB_ALIAS, names, row[start:end])
            for populator in related:
                populator.populate(row, made)
            for name, place in annotated.items():
                setattr(made, name, row[place])
            objects.append(made)
        if lookups:
            prefetch_related_objects(objects, *lookups)
        return objects

    return built
