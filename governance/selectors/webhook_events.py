"""What happened since, and what is said about it?"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from audits.trail import Entry
from governance.models import Promotion
from governance.webhooks.events import MLFLOW_NAMES, Dialect, Event, countersign_body, mlflow_body
from registry.models import Annotation, ModelVersion, RegisteredModel

About = tuple[str, int | None]


def events_from(index: int, *, limit: int) -> list[Event]:
    """Return the entries from an index on, in the order of the trail, with the model that each concerns."""
    columns = ("id", "index", "recorded_at", "actor", "action", "subject")
    entries = list(Entry.objects.filter(index__gte=index).order_by("index").only(*columns)[:limit])
    about = _models_of({entry.subject for entry in entries})
    models = RegisteredModel.objects.filter(name__in={name for name, _ in about.values()})
    called = {model.name: model for model in models.select_related("state").prefetch_related("renames")}
    return [_event(entry, about, called) for entry in entries]


def _event(entry: Entry, about: dict[str, About], called: dict[str, RegisteredModel]) -> Event:
    registered, version = about.get(entry.subject, ("", None))
    model = called.get(registered)
    return Event(
        entry=entry.id,
        index=entry.index,
        at=entry.recorded_at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        model=model.present_name if model else registered,
        version=version,
        names=model.names if model else frozenset({registered} - {""}),
    )


def _models_of(subjects: Iterable[str]) -> dict[str, About]:
    """Return each subject that concerns a model with the name it was registered under, and the version."""
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
            data = _model(RegisteredModel.objects.get(entry=event.entry), event)
        case "version.registered":
            data = _version(ModelVersion.objects.get(entry=event.entry), event)
        case "version.annotated":
            return _tags(Annotation.objects.select_related("version").get(entry=event.entry), event)
        case "alias.assigned":
            data = {"name": event.model, "alias": said["alias"], "version": str(said["version"])}
        case "alias.withdrawn":
            data = {"name": event.model, "alias": said["alias"]}
        case _:
            return []
    return [(MLFLOW_NAMES[event.action][0], data)]


def _model(model: RegisteredModel, event: Event) -> dict[str, Any]:
    noted = Annotation.objects.filter(model=model, version=None)
    tags = {**model.tags, **_given_with(noted, model.registered_at)}
    return {"name": event.model, "tags": tags, "description": model.description or None}


def _version(version: ModelVersion, event: Event) -> dict[str, Any]:
    return {
        "name": event.model,
        "version": str(version.number),
        "source": version.source or f"models:/{event.model}/{version.number}",
        "run_id": version.run_id or None,
        "tags": _given_with(Annotation.objects.filter(version=version), version.registered_at),
        "description": version.notes or None,
    }


def _given_with(noted: QuerySet[Annotation], at: datetime) -> dict[str, str]:
    """Return the tags that came with a registration: they are noted in the same act, and so at the same moment."""
    row = noted.filter(noted_at=at).first()
    return row.tags if row else {}


def _tags(row: Annotation, event: Event) -> list[tuple[str, dict[str, Any]]]:
    """Each tag is an event of its own; those that came with the version were told with it."""
    if row.version is None or row.noted_at == row.version.registered_at:
        return []
    told: list[tuple[str, dict[str, Any]]] = []
    for key, value in sorted(row.tags.items()):
        tag = {"name": event.model, "version": str(row.version.number), "key": key}
        if value is None:
            told.append(("model_version_tag.deleted", tag))
        else:
            told.append(("model_version_tag.set", {**tag, "value": value}))
    return told
