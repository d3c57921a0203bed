"""What happened since, and what is said about it?"""

import json
from collections.abc import Iterable
from typing import Any

from audits.trail import Entry
from governance.models import Promotion
from governance.webhooks.events import MLFLOW_NAMES, Dialect, Event, countersign_body, mlflow_body
from registry.models import ModelVersion, RegisteredModel

About = tuple[str, int | None]


def events_from(index: int, *, limit: int) -> list[Event]:
    """Return the entries from an index on, in the order of the trail, with the model that each concerns."""
    columns = ("id", "index", "recorded_at", "actor", "action", "subject")
    entries = list(Entry.objects.filter(index__gte=index).order_by("index").only(*columns)[:limit])
    about = _models_of({entry.subject for entry in entries})
    return [_event(entry, *about.get(entry.subject, ("", None))) for entry in entries]


def _event(entry: Entry, model: str, version: int | None) -> Event:
    return Event(
        entry=entry.id,
        index=entry.index,
        at=entry.recorded_at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        model=model,
        version=version,
    )


def _models_of(subjects: Iterable[str]) -> dict[str, About]:
    """Return model and version of each subject that concerns one."""
    found: dict[str, About] = {}
    promotions: dict[str, str] = {}
    for subject in subjects:
        kind, _, rest = subject.partition("/")
        if kind == "model":
            found[subject] = (rest, None)
        elif kind == "version":
            name, _, number = rest.rpartition("/")
            found[subject] = (name, int(number))
        elif kind == "promotion":
            promotions[rest] = subject
    rows = Promotion.objects.filter(uid__in=promotions).values_list("uid", "version__model__name", "version__number")
    return found | {promotions[str(uid)]: (name, number) for uid, name, number in rows}


def messages_about(event: Event, dialect: Dialect, *, link: str) -> list[tuple[str, str]]:
    """Return name and body of everything that a dialect says about an event, always in the same order."""
    if dialect is Dialect.COUNTERSIGN:
        return [(event.action, countersign_body(event, link=link))]
    return [(name, mlflow_body(name, event.at, data)) for name, data in _mlflow_data(event)]


def _mlflow_data(event: Event) -> list[tuple[str, dict[str, Any]]]:
    said = json.loads(Entry.objects.values_list("text", flat=True).get(pk=event.entry))["data"]
    match event.action:
        case "model.registered":
            data = _model(RegisteredModel.objects.get(entry=event.entry))
        case "version.registered":
            data = _version(ModelVersion.objects.select_related("model").get(entry=event.entry))
        case "alias.assigned":
            data = {"name": event.model, "alias": said["alias"], "version": str(said["version"])}
        case "alias.withdrawn":
            data = {"name": event.model, "alias": said["alias"]}
        case _:
            return []
    return [(MLFLOW_NAMES[event.action][0], data)]


def _model(model: RegisteredModel) -> dict[str, Any]:
    return {"name": model.name, "tags": model.tags, "description": model.description or None}


def _version(version: ModelVersion) -> dict[str, Any]:
    return {
        "name": version.model.name,
        "version": str(version.number),
        "source": f"models:/{version.model.name}/{version.number}",
        "run_id": None,
        "tags": {},
        "description": version.notes or None,
    }
