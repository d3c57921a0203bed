"""How does a filter find models and versions?"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, TextField

from audits.prepared import Given, Prepared
from governance.api.mlflow import likeness
from governance.api.mlflow.errors import InvalidParameter
from governance.api.mlflow.grammar import Clause, Kind, Order, parse_filter, parse_order
from governance.api.mlflow.objects import STAGES, models_with_keys, versions_with_keys
from governance.api.mlflow.pages import page_of, page_of_places, places_of
from registry.models import CurrentAlias, CurrentAnnotation, ModelVersion, RegisteredModel, with_artifact
from registry.selectors import find_model

MODEL_KEYS: Final[Mapping[str, Kind]] = {
    "name": Kind.LISTED,
    "alias": Kind.TEXT,
    "creation_timestamp": Kind.NUMBER,
    "last_updated_timestamp": Kind.NUMBER,
}
VERSION_KEYS: Final[Mapping[str, Kind]] = {
    "name": Kind.LISTED,
    "version_number": Kind.NUMBER,
    "run_id": Kind.LISTED,
    "source_path": Kind.TEXT,
    "current_stage": Kind.TEXT,
    "alias": Kind.TEXT,
    "digest": Kind.TEXT,
    "creation_timestamp": Kind.NUMBER,
    "last_updated_timestamp": Kind.NUMBER,
}
MODEL_ORDERS = {"name": "state__name", "timestamp": "state__updated_at", "last_updated_timestamp": "state__updated_at"}
VERSION_ORDERS = {
    "name": "model__state__name",
    "version_number": "number",
    "creation_timestamp": "registered_at",
    "last_updated_timestamp": "position__updated_at",
}
# The rows that whoever asks may see.
Narrowed = Callable[[QuerySet[Any]], QuerySet[Any]]
# What a client calls a prompt is none of the models it asks for, unless it asks for prompts.
PROMPT = "mlflow.prompt.is_prompt"
NO_PROMPT = Clause("", "!=", "true", PROMPT)
# How many forms of a search a process remembers the wording of.
FORMS = 64

_LOOKUPS = {"=": "exact", "LIKE": likeness.Like.lookup_name, "ILIKE": likeness.InsensitiveLike.lookup_name}
_COMPARED = {"=": "exact", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


def search_models(
    *, text: str, order_by: list[str], limit: int, token: str, within: Narrowed
) -> tuple[list[RegisteredModel], str]:
    """Return a page of models `within` reach and the token of the next. Raises: InvalidParameter."""
    clauses = _without_prompts(parse_filter(text, MODEL_KEYS))
    orders, asked = parse_order(order_by, MODEL_ORDERS), [text, *order_by]
    orders += [Order("state__name", True)] if all(one.key != "state__name" for one in orders) else []
    everything = RegisteredModel.objects.filter(state__is_listed=True)
    rows = within(everything)
    if rows is everything and not token and all(map(_is_frequent, clauses)):
        form = tuple(None if clause == NO_PROMPT else clause.operator for clause in clauses)
        given = {f"{part}{n}": getattr(clause, part) for n, clause in enumerate(clauses) for part in ("tag", "value")}
        found = _models_tagged(form, tuple(orders), limit).all(**given)
        keys, following = page_of_places(found, limit=limit, asked=asked)
    else:
        keys, following = page_of(_models_within(rows, clauses), orders, limit=limit, token=token, asked=asked)
    return models_with_keys(keys), following


def _models_within(rows: QuerySet[Any], clauses: Iterable[Clause]) -> QuerySet[Any]:
    for clause in clauses:
        rows = rows.filter(_tag(clause, "model") if clause.tag else _model_condition(clause))
    return rows


def _is_frequent(clause: Clause) -> bool:
    """Return whether a clause compares a tag, and is worded alike whatever the tag and its value are."""
    return clause == NO_PROMPT or (bool(clause.tag) and clause.tag != PROMPT and clause.operator in {"=", "!="})


@lru_cache(maxsize=FORMS)
def _models_tagged(form: tuple[str | None, ...], orders: tuple[Order, ...], limit: int) -> Prepared[Any]:
    """Return the question for a page of models by their tags, of which each form is worded once."""
    clauses = [_form_of(n, operator) if operator else NO_PROMPT for n, operator in enumerate(form)]
    rows = RegisteredModel.objects.filter(state__is_listed=True)
    return Prepared(lambda: places_of(_models_within(rows, clauses), orders, limit=limit))


def search_versions(
    *, text: str, order_by: list[str], limit: int, token: str, within: Narrowed
) -> tuple[list[ModelVersion], str]:
    """Return a page of versions `within` reach and the token of the next. Raises: InvalidParameter."""
    clauses, orders = parse_filter(text, VERSION_KEYS), parse_order(order_by, VERSION_ORDERS)
    rows = within(ModelVersion.objects.filter(deletion__isnull=True))
    for clause in _without_prompts(clauses):
        rows = rows.filter(_tag(clause, "version") if clause.tag else _version_condition(clause))
    orders = orders or [Order("position__updated_at", False)]
    named = {order.key for order in orders}
    rest = (Order("model__state__name", True), Order("number", False))
    orders += [order for order in rest if order.key not in named]
    keys, following = page_of(rows, orders, limit=limit, token=token, asked=[text, *order_by])
    return versions_with_keys(keys), following


def _without_prompts(clauses: list[Clause]) -> list[Clause]:
    return clauses if any(clause.tag == PROMPT for clause in clauses) else [*clauses, NO_PROMPT]


def _model_condition(clause: Clause) -> Q:
    match clause.key:
        case "name":
            return _text("state__name", clause)
        case "alias":
            return _exists(CurrentAlias.objects.filter(model=OuterRef("pk")), "alias", clause)
        case "creation_timestamp":
            return _time("registered_at", clause)
        case _:
            return _time("state__updated_at", clause)


def _version_condition(clause: Clause) -> Q:
    match clause.key:
        case "name" if clause.operator == "=":
            # By its key, so that the index over the versions of one model serves the order, too.
            model = find_model(str(clause.value))
            pk = model.pk if model and model.present_name == clause.value else None
            return Q(model=pk, position__model=pk) if pk else Q(pk__in=[])
        case "name":
            return _text("model__state__name", clause)
        case "version_number":
            return _number("number", clause, lambda value: min(max(int(value), 0), 2**31 - 1))
        case "source_path":
            return _text("source", clause)
        case "current_stage":
            return _stage(clause)
        case "alias":
            return _exists(CurrentAlias.objects.filter(version=OuterRef("pk")), "alias", clause)
        case "digest":
            return _digest(clause)
        case "creation_timestamp":
            return _time("registered_at", clause)
        case "last_updated_timestamp":
            return _time("position__updated_at", clause)
        case _:
            return _text(clause.key, clause)


def _text(column: str, clause: Clause) -> Q:
    if clause.operator in {"IN", "NOT IN"}:
        found = Q((f"{column}__in", list(clause.value)))  # type: ignore[arg-type]
        return ~found if clause.operator == "NOT IN" else found
    if clause.operator == "!=":
        return ~Q((column, clause.value))
    return Q((f"{column}__{_LOOKUPS[clause.operator]}", clause.value))


def _exists(rows: QuerySet[Any], column: str, clause: Clause) -> Q:
    """A row that is not there does not match, also when it is compared with !=."""
    return Q(Exists(rows.filter(_text(column, clause))))


def _form_of(place: int, operator: str) -> Clause:
    """Return a clause whose tag and value are known when the question is asked."""
    tag: Any = Given(f"tag{place}", CharField())
    value: Any = Given(f"value{place}", TextField())
    return Clause("", operator, value, tag)


def _tag(clause: Clause, of: str) -> Q:
    noted = CurrentAnnotation.objects.filter(tag=clause.tag)
    noted = (
        noted.filter(version=OuterRef("pk")) if of == "version" else noted.filter(model=OuterRef("pk"), version=None)
    )
    if clause.tag == PROMPT and (clause.operator, clause.value) in {("!=", "true"), ("=", "false")}:
        return ~Q(Exists(noted.filter(value="true")))
    return _exists(noted, "value", clause)


def _stage(clause: Clause) -> Q:
    if clause.operator not in {"=", "!="}:
        raise InvalidParameter("Invalid filter: 'current_stage' is compared with = or !=.", field="filter")
    wanted = str(clause.value).lower()
    found = Q(position__stage__in=[ours for ours, theirs in STAGES.items() if wanted in {theirs.lower(), str(ours)}])
    return found if clause.operator == "=" else ~found


def _digest(clause: Clause) -> Q:
    if clause.operator not in {"=", "!="}:
        raise InvalidParameter("Invalid filter: 'digest' is compared with = or !=.", field="filter")
    found = with_artifact([str(clause.value).lower()])
    return found if clause.operator == "=" else ~found


def _number(column: str, clause: Clause, bounded: Callable[[Any], int]) -> Q:
    value = bounded(clause.value)
    if clause.operator == "!=":
        return ~Q((column, value))
    return Q((f"{column}__{_COMPARED[clause.operator]}", value))


def _time(column: str, clause: Clause) -> Q:
    """A time is compared by its whole millisecond, which is all that a client sees of it."""
    try:
        begins = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(clause.value))  # type: ignore[arg-type]
        ends = begins + timedelta(milliseconds=1)
    except OverflowError:
        raise InvalidParameter("Invalid filter: this time is none.", field="filter") from None
    after, before = Q((f"{column}__gte", begins)), Q((f"{column}__lt", ends))
    match clause.operator:
        case "=":
            return after & before
        case "!=":
            return ~(after & before)
        case "<":
            return ~after
        case "<=":
            return before
        case ">":
            return ~before
        case _:
            return after
