"""Which model and which target is a request about, and may this token touch them?

Every door says in `reach` where its requests name them. A token restricted to models or targets is asked here, before
the door is entered, and lists show it only what it reaches. A door that says nothing is closed to such a token.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet, Value
from django.db.models.functions import Substr
from django.db.models.lookups import Exact
from rest_framework.request import Request

from governance.api.errors import ScopeMissing
from governance.models import AccessToken
from governance.scopes import TARGETS
from governance.services.tokens import scope_of

SAFE = ("GET", "HEAD", "OPTIONS")


def _itself(said: object) -> tuple[str, ...]:
    return (str(said),)


def _no_more(body: Mapping[str, Any]) -> Iterable[object]:
    return ()


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the requests of a door name the model and the target that they are about."""

    address: bool = False  # `name` in the address is the model's
    said: str = ""  # the member of the body, or of the query, that names the model
    further: Callable[[Mapping[str, Any]], Iterable[object]] = _no_more  # other models that a body names, in its words
    row: type[Model] | None = None  # `uid` in the address names one of these
    model: str = ""  # lookup from a row, also of a list, to the name of its model
    subject: str = ""  # instead: lookup to a subject, such as version/name/3
    mine: str = ""  # instead: lookup to who declared it, where it belongs to no model
    target: str = ""  # lookup from a row to its target
    target_said: str = ""  # the member that names the target; left out, all are meant
    aims: Callable[[object], tuple[str, ...]] = _itself  # the targets that such a word means
    targets: tuple[str, ...] = ()  # targets that every write here touches
    free: tuple[str, ...] = ()  # methods that concern no model and no target


NO_MODEL = Reach(free=SAFE)
ANYTHING = Reach(free=(*SAFE, "POST", "PUT", "PATCH", "DELETE"))
OF_MODEL = Reach(address=True)
OF_VERSION_IN_SUBJECT = ("version/", "model/")


def refuse_out_of_reach(token: AccessToken, reach: Reach | None, request: Request, kwargs: Mapping[str, Any]) -> None:
    """Return when the token may make this request. Raises: ScopeMissing."""
    if not token.model_names and not token.targets:
        return
    method = str(request.method)
    if reach and method in reach.free:
        return
    if token.model_names:
        _refuse_other_models(token, reach, request, kwargs)
    if token.targets and method not in SAFE:
        _refuse_other_targets(token, reach, request, kwargs)


def reachable(token: object, reach: Reach | None, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return those rows of a list that a token reaches."""
    if not isinstance(token, AccessToken) or not token.model_names or reach is None:
        return rows
    if reach.mine:
        return rows.filter(**{reach.mine: str(token.account.actor)})
    if reach.subject:
        return rows.filter(_within(token, reach.subject, OF_VERSION_IN_SUBJECT))
    return rows.filter(_within(token, reach.model, ("",))) if reach.model else rows


def _within(token: AccessToken, lookup: str, prefixes: tuple[str, ...]) -> Q:
    found = Q()
    for names in token.model_names:
        for prefix in prefixes:
            if names.endswith("*"):
                begins = prefix + names[:-1]
                # SQLite compares beginnings without regard to case; the first condition is there for the index.
                exactly = Q(Exact(Substr(lookup, 1, len(begins)), Value(begins)))
                found |= Q(**{f"{lookup}__startswith": begins}) & exactly
            else:
                found |= Q(**{lookup: prefix + names})
                found |= Q(**{f"{lookup}__startswith": f"{prefix}{names}/"}) if prefix else Q()
    return found


def _refuse_other_models(token: AccessToken, reach: Reach | None, request: Request, kwargs: Mapping[str, Any]) -> None:
    is_list = request.method in SAFE and not kwargs
    if reach is None:
        raise _beyond(token, "what belongs to no model")
    if reach.address:
        _refuse_name(token, kwargs["name"])
    elif reach.row and "uid" in kwargs:
        mine = reach.row._default_manager.filter(uid=kwargs["uid"])
        if mine.exists() and not reachable(token, reach, mine).exists():
            raise _beyond(token, "this")
    elif not (is_list and (reach.model or reach.subject or reach.mine)):
        names = _said(request, reach.said)
        if not names:
            raise _beyond(token, "what names no model")
        for name in names:
            _refuse_name(token, name)
    if request.method not in SAFE:
        further = reach.further(request.data) if isinstance(request.data, Mapping) else ()
        for name in (*_named(request.data), *further):
            _refuse_name(token, name)


def _said(request: Request, member: str) -> list[object]:
    """Return all that a request says under a name: a query can say several, and which one counts is for the door."""
    if request.method in SAFE or (request.method == "DELETE" and not request.data):
        return list(request.query_params.getlist(member))
    said = request.data.get(member) if isinstance(request.data, Mapping) else None
    return [said] if said else []


def _refuse_name(token: AccessToken, name: object) -> None:
    if not isinstance(name, str) or not scope_of(token).covers(name):
        raise _beyond(token, f"{name!r}")


def _beyond(token: AccessToken, what: str) -> ScopeMissing:
    names = ", ".join(token.model_names)
    return ScopeMissing(
        f"This token reaches the models {names}, not {what}; use another one.", models=token.model_names
    )


def _named(document: Any) -> Iterator[object]:
    """Yield every model that a body names, at whatever depth."""
    if isinstance(document, Mapping):
        for member, inner in document.items():
            if member == "model":
                yield inner
            else:
                yield from _named(inner)
    elif isinstance(document, list):
        for inner in document:
            yield from _named(inner)


def _refuse_other_targets(token: AccessToken, reach: Reach | None, request: Request, kwargs: Mapping[str, Any]) -> None:
    for target in _touched(reach, request, kwargs):
        if target not in token.targets:
            raise ScopeMissing(
                f"This token acts for {', '.join(token.targets)}, and this may touch {target}; use another one.",
                targets=token.targets,
            )


def _touched(reach: Reach | None, request: Request, kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    if reach is None:
        return TARGETS
    if reach.target_said and "uid" not in kwargs:
        said = _said(request, reach.target_said)
        return tuple(target for word in said for target in reach.aims(word)) if said else TARGETS
    if reach.target and reach.row and "uid" in kwargs:
        row = reach.row._default_manager.filter(uid=kwargs["uid"])
        return tuple(found or "" for found in row.values_list(reach.target, flat=True))
    return reach.targets
