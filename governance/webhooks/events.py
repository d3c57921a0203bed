"""What is an entry called outside, and what is said about it?

Two dialects. Ours is thin: it names the entry and leads to it, and says nothing that was sealed or that only roles may
read. MLflow's is what its registry would send, for what its registry would know.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from audits.trail import document_text, timestamp

EVERYTHING: Final = "*"
TEST: Final = "webhook.tested"

# What MLflow 3.17.2 lets a webhook ask for: mlflow.entities.webhook, VALID combinations of entity and action.
MLFLOW_EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "registered_model": ("created",),
    "model_version": ("created",),
    "model_version_tag": ("set", "deleted"),
    "model_version_alias": ("created", "deleted"),
    "prompt": ("created",),
    "prompt_version": ("created",),
    "prompt_tag": ("set", "deleted"),
    "prompt_version_tag": ("set", "deleted"),
    "prompt_alias": ("created", "deleted"),
    "budget_policy": ("exceeded",),
}

# Which of our acts is which of its events. What is not here is never sent in that dialect.
MLFLOW_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "model.registered": ("registered_model.created",),
    "version.registered": ("model_version.created",),
    "version.annotated": ("model_version_tag.set", "model_version_tag.deleted"),
    "alias.assigned": ("model_version_alias.created",),
    "alias.withdrawn": ("model_version_alias.deleted",),
}

_MODEL: Final = {"name": "example_model"}
_VERSION: Final = {**_MODEL, "version": "1"}
_DESCRIBED: Final = {"tags": {"example_key": "example_value"}, "description": "An example"}
_TAG: Final = {"key": "example_key"}
_BY_VERB: Final[Mapping[str, dict[str, Any]]] = {"set": {**_TAG, "value": "example_value"}, "deleted": _TAG}


class Dialect(StrEnum):
    COUNTERSIGN = "countersign"
    MLFLOW = "mlflow"


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the trail, as far as it is told to others."""

    entry: UUID
    index: int
    at: datetime
    actor: str
    action: str
    subject: str
    # The model it concerns as it is called now, and the number of the version; none where it concerns no model.
    model: str = ""
    version: int | None = None
    # Every name the model has or had: a webhook for any of them hears of it.
    names: frozenset[str] = frozenset()


def names_in(dialect: Dialect, action: str) -> tuple[str, ...]:
    """Return the events that an act can be in a dialect; none where it has no name."""
    return (action,) if dialect is Dialect.COUNTERSIGN else MLFLOW_NAMES.get(action, ())


def matches(patterns: Iterable[str], name: str) -> bool:
    """Return whether a name is meant by any pattern: itself, `noun.*` or `*`."""
    return bool({name, f"{name.partition('.')[0]}.*", EVERYTHING} & set(patterns))


def means_nothing(pattern: str, names: Iterable[str]) -> bool:
    """Return whether a pattern means none of these names, so that it is probably a slip."""
    return not any(matches([pattern], name) for name in names)


def names_of(dialect: Dialect, actions: Iterable[str]) -> list[str]:
    """Return everything that may be asked for in a dialect."""
    if dialect is Dialect.COUNTERSIGN:
        return sorted(actions)
    return [f"{entity}.{action}" for entity, verbs in MLFLOW_EVENTS.items() for action in verbs]


def concerns(models: str, model: str) -> bool:
    """Return whether a model is meant: "" means everything, also what concerns no model; `name*` is a prefix."""
    if not models:
        return True
    return bool(model) and (model.startswith(models[:-1]) if models.endswith("*") else model == models)


def countersign_body(event: Event, *, link: str) -> str:
    """Return the body in our dialect: `type`, `timestamp` and `data`, as Standard Webhooks asks."""
    data = {
        "index": event.index,
        "entry": str(event.entry),
        "actor": event.actor,
        "subject": event.subject,
        "model": event.model or None,
        "version": event.version,
        "link": link,
    }
    return document_text({"type": event.action, "timestamp": timestamp(event.at), "data": data})


def mlflow_body(name: str, at: datetime, data: Mapping[str, Any]) -> str:
    """Return the body in MLflow's dialect; `name` is entity.action."""
    entity, _, action = name.partition(".")
    return document_text({"entity": entity, "action": action, "timestamp": at.isoformat(), "data": dict(data)})


def sample_body(dialect: Dialect, *, webhook: str, at: datetime, name: str = "") -> str:
    """Return the body of a test; in MLflow's dialect an example of the event named, as MLflow sends it."""
    if dialect is Dialect.MLFLOW:
        return mlflow_body(name, at, _example(name))
    return document_text({"type": TEST, "timestamp": timestamp(at), "data": {"webhook": webhook}})


def _example(name: str) -> dict[str, Any]:
    entity, _, verb = name.partition(".")
    if entity.endswith("_tag"):
        return {**(_MODEL if entity == "prompt_tag" else _VERSION), **_BY_VERB[verb]}
    if entity.endswith("_alias"):
        return {**(_VERSION if verb == "created" else _MODEL), "alias": "example_alias"}
    if entity.endswith("_version"):
        return {**_VERSION, "source": "models:/example_model/1", "run_id": None, **_DESCRIBED}
    return {**_MODEL, **_DESCRIBED}
