"""Which model and which target is a request about, and may this token touch them?

Every door says in `reach` where its requests name them. A token restricted to models or targets is asked here, before
the door is entered, and lists show it only what it reaches. A door that says nothing is closed to such a token.
A model is reached by any name that it has or had, whichever of them is said.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet, Value
from django.db.models.functions import Substr
from django.db.models.lookups import Exact
from rest_framework.request import Request

from governance.api.errors import ScopeMissing
from governance.models import AccessToken
from governance.scopes import TARGETS
from governance.services.tokens import scope_of
from registry.models import ModelRename
from registry.selectors import find_model

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
    row_said: str = ""  # instead: the member of the body, or of the query, that names it
    model: str = ""  # lookup from a row, also of a list, to the name under which its model was registered
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
    names = [*token.model_names, *_first_names(token.model_names)]
    if reach.subject:
        return rows.filter(_within(names, reach.subject, OF_VERSION_IN_SUBJECT))
    return rows.filter(_within(names, reach.model)) if reach.model else rows


def covers(token: AccessToken, name: str) -> bool:
    """Return whether a token reaches the model to which a name leads, or would if there were one."""
    scope = scope_of(token)
    if scope.covers(name):
        return True
    model = find_model(name)
    return model is not None and any(scope.covers(other) for other in model.names)


def _first_names(names: Collection[str]) -> list[str]:
    """Return under which names the models were registered that got one of `names` later."""
    renamed = ModelRename.objects.filter(_within(names, "name")).order_by()
    return list(renamed.values_list("model__name", flat=True).distinct())


def _within(names: Collection[str], lookup: str, prefixes: tuple[str, ...] = ("",)) -> Q:
    """Return what selects the rows whose `lookup` is one of `names`, each behind one of `prefixes`."""
    whole = [name for name in names if not name.endswith("*")]
    found = Q(**{f"{lookup}__in": [prefix + name for prefix in prefixes for name in whole]})
    beginnings = [prefix + name[:-1] for prefix in prefixes for name in names if name.endswith("*")]
    beginnings += [f"{prefix}{name}/" for prefix in prefixes if prefix for name in whole]
    for begins in beginnings:
        # SQLite compares beginnings without regard to case; the first condition is there for the index.
        exactly = Q(Exact(Substr(lookup, 1, len(begins)), Value(begins)))
        found |= Q(**{f"{lookup}__startswith": begins}) & exactly
    return found


def _refuse_other_models(token: AccessToken, reach: Reach | None, request: Request, kwargs: Mapping[str, Any]) -> None:
    is_list = request.method in SAFE and not kwargs
    if reach is None:
        raise _beyond(token, "what belongs to no model")
    if reach.address:
        _refuse_name(token, kwargs["name"])
    elif reach.row and (uids := _uids(reach, request, kwargs)):
        mine = reach.row._default_manager.filter(uid__in=uids)
        if mine.count() > reachable(token, reach, mine).count():
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


def _uids(reach: Reach, request: Request, kwargs: Mapping[str, Any]) -> list[UUID]:
    """Return the rows that a request names; what is no uid names none, and the door says so."""
    if "uid" in kwargs or not reach.row_said:
        return [kwargs["uid"]] if "uid" in kwargs else []
    found = []
    for said in _said(request, reach.row_said):
        with suppress(ValueError):
            found.append(UUID(str(said)))
    return found


def _said(request: Request, member: str) -> list[object]:
    """Return all that a request says under a name: a query can say several, and which one counts is for the door."""
    if request.method in SAFE or (request.method == "DELETE" and not request.data):
        return list(request.query_params.getlist(member))
    said = request.data.get(member) if isinstance(request.data, Mapping) else None
    return [said] if said else []


def _refuse_name(token: AccessToken, name: object) -> None:
    if not isinstance(name, str) or not covers(token, name):
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
