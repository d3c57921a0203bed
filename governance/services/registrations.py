"""How does a pipeline hand in what a plain registry would only be told about?

A model comes with nothing but a name, a version with nothing but the address it calls its source. What governs them is
told with tags that begin with `countersign.`, and where nothing is told, the strictest counts.
"""

from collections.abc import Mapping
from typing import Any, Final

from audits.trail import Actor, now, record
from governance.errors import Malformed
from governance.roles import Verb
from governance.services._sources import refuse_hostile_source
from governance.services.authority import authorise
from governance.services.submissions import refuse_malformed_entry
from registry import services as registry
from registry.errors import NameTaken
from registry.models import EntryType, ModelVersion, RegisteredModel, RiskTier, Task
from registry.selectors import find_model, get_model

RESERVED: Final = "countersign."
LONGEST_NAME, LONGEST_TAG, LONGEST_VALUE = 256, 250, 100_000
ORIGIN = {"run_id": 256, "run_link": 500, "logged_model": 256}


def register_named_model(
    *, actor: Actor, name: str, description: str = "", tags: Mapping[str, str] | None = None
) -> RegisteredModel:
    """Name a line of versions, in the words of other registries.

    Of the tags, `countersign.risk_tier`, `countersign.task`, `countersign.entry_type` and `countersign.intended_use`
    say what governs it (`high`, `binary`, `trained_model` and nothing when left out), and what else begins with
    `countersign.` becomes a tag that policies can ask for. All others are annotations.
    Records: model.registered, or model.registered_again for a name that was deleted; model.annotated.
    Raises: NotEntitled, Malformed, NameTaken, also for who registered it.
    """
    authorise(actor, Verb.REGISTER)
    refuse_malformed_name(name)
    given = dict(tags or {})
    refuse_malformed_tags(given)
    lasting = particulars_of({key: given.pop(key) for key in list(given) if key.startswith(RESERVED)})
    with record(actor=actor, at=now()) as recording:
        known = find_model(name)
        if known and known.state.is_listed:
            raise NameTaken(f"Registered Model (name={name}) already exists.", name=known.present_name)
        model = registry.register_model(recording=recording, name=name, description=description, **lasting)
        registry.annotate(recording=recording, model=model, tags=given)
    return model


def register_sourced_version(
    *,
    actor: Actor,
    model_name: str,
    source: str,
    description: str = "",
    tags: Mapping[str, str] | None = None,
    origin: Mapping[str, str] | None = None,
) -> ModelVersion:
    """Register a version by its source alone. No gate opens for it before its artifact is bound.

    `origin` gives run_id, run_link and logged_model of a tracking server.
    Records: version.registered, version.moved, version.annotated when it has tags.
    Raises: NotEntitled, UnknownModel, Malformed. Locks: the model.
    """
    authorise(actor, Verb.REGISTER)
    refuse_hostile_source(source)
    refuse_malformed_tags(tags or {}, reserved=RESERVED)
    refuse_malformed_origin(origin or {})
    with record(actor=actor, at=now()) as recording:
        model = get_model(model_name)
        version = registry.register_version(
            recording=recording,
            model=model,
            artifact=None,
            tables={},
            source=source,
            notes=description,
            origin=origin,
        )
        registry.annotate(recording=recording, model=model, version=version, tags=dict(tags or {}))
    return version


def particulars_of(reserved: Mapping[str, str]) -> dict[str, Any]:
    """Return what the tags that begin with `countersign.` say of a model, as it is registered. Raises: Malformed."""
    said = {key.removeprefix(RESERVED): value for key, value in reserved.items()}
    lasting = {
        "risk_tier": _chosen(said, "risk_tier", RiskTier.values, RiskTier.HIGH),
        "task": _chosen(said, "task", Task.values, Task.BINARY),
        "entry_type": _chosen(said, "entry_type", EntryType.values, EntryType.TRAINED_MODEL),
        "intended_use": said.pop("intended_use", ""),
    }
    refuse_malformed_entry(lasting["entry_type"], said)
    return {**lasting, "tags": said}


def refuse_malformed_origin(origin: Mapping[str, str]) -> None:
    """Raises: Malformed when what a version says of its run cannot be kept."""
    for name, value in origin.items():
        if len(value) > ORIGIN[name] or not (value.isprintable() or not value):
            raise Malformed(f"It has at most {ORIGIN[name]} printable characters.", field=name)


def refuse_malformed_name(name: str) -> None:
    """Raises: Malformed when a name cannot stand in an address of ours, or of a client."""
    if not name.strip() or name in {".", ".."} or any(sign in name for sign in "/:") or not name.isprintable():
        raise Malformed("A name is one line of text, not '.' or '..', without '/' and ':'.", field="name")
    if len(name) > LONGEST_NAME:
        raise Malformed(f"A name has at most {LONGEST_NAME} characters.", field="name")


def refuse_malformed_tags(tags: Mapping[str, str | None], *, reserved: str = "\0") -> None:
    """Raises: Malformed when a tag cannot be kept, or begins with what is reserved."""
    for key, value in tags.items():
        if not key.strip() or len(key) > LONGEST_TAG or not key.isprintable():
            raise Malformed(f"A tag has a name of 1 to {LONGEST_TAG} printable characters.", field="tags")
        if key.startswith(reserved):
            raise Malformed(
                f"The tag {key!r} says what governs a model; it is given when the model is registered, and stays.",
                field="tags",
            )
        if value is not None and len(value) > LONGEST_VALUE:
            raise Malformed(f"The tag {key!r} has more than {LONGEST_VALUE} characters.", field="tags")


def _chosen(lasting: dict[str, str], name: str, choices: list[str], default: str) -> str:
    value = lasting.pop(name, str(default))
    if value not in choices:
        raise Malformed(f"{RESERVED}{name} is one of {', '.join(choices)}, not {value[:60]!r}.", field="tags")
    return value
