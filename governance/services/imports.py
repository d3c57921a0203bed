"""How does a registry that stood elsewhere come over, and what of it does not?

What stood in Staging or Production there was approved by nobody here. It comes in development, with what it was there
on record, and gets further through the gate alone. Names that a gate guards stay behind for the same reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from audits.errors import DomainError
from audits.trail import Actor, Recording, now, record, timestamp
from governance.errors import Malformed
from governance.roles import Verb
from governance.selectors.aliases import what_governs
from governance.selectors.origins import IMPORTED
from governance.services._sources import refuse_hostile_source
from governance.services.authority import authorise_operator_or_shell
from governance.services.registrations import (
    RESERVED,
    particulars_of,
    refuse_malformed_name,
    refuse_malformed_origin,
    refuse_malformed_tags,
)
from registry import services as registry
from registry.models import AliasAssignment, CurrentAlias, ModelVersion, RegisteredModel
from registry.selectors import find_model
from registry.stages import Stage

LONGEST_ORIGIN = 250
# Stages that only the gate gives.
GUARDED: Final = {"Staging": Stage.STAGING, "Production": Stage.PRODUCTION}
_IS_PROMPT = "mlflow.prompt.is_prompt"


class Kind(StrEnum):
    MODEL = "model"
    VERSION = "version"
    ALIAS = "alias"
    TAG = "tag"


class Outcome(StrEnum):
    TAKEN = "taken"
    HERE = "here already"
    LEFT = "left out"
    TO_ASK = "to be asked for"


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one thing that stood elsewhere, and why."""

    kind: Kind
    about: str
    outcome: Outcome
    why: str = ""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A registered model of another registry; `aliases` are numbers by name."""

    name: str
    registered_at: datetime
    updated_at: datetime
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """A version of it, with the stage and the state that MLflow names."""

    number: int
    registered_at: datetime
    updated_at: datetime
    source: str
    stage: str = "None"
    status: str = "READY"
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)


class _Rehearsed(Exception):
    """Takes back what a rehearsal wrote."""


def import_model(
    *, actor: Actor, came_from: str, found: FoundModel, versions: Sequence[FoundVersion], dry_run: bool = False
) -> list[Line]:
    """Bring over a model with some of its versions, and the free aliases of these, and tell what became of each.

    What is here already is left as it is, so that an import that broke off, or is done again, goes on. What cannot be
    kept is left out and told. A dry run writes nothing.
    Records: model.registered, version.registered, version.moved, model.annotated, version.annotated, alias.assigned.
    Raises: NotEntitled, Malformed for an address that cannot stand in the record.
    Idempotent: by name of the model and time of its registration, by number and time of a version. Locks: the model.
    """
    authorise_operator_or_shell(actor, Verb.ADMINISTER)
    if not came_from.isprintable() or not 1 <= len(came_from) <= LONGEST_ORIGIN:
        raise Malformed(f"An address has 1 to {LONGEST_ORIGIN} printable characters.", field="came_from")
    lines: list[Line] = []
    try:
        with record(actor=actor, at=now()) as recording:
            lines += _Import(recording, came_from, found).of(versions)
            if dry_run:
                raise _Rehearsed
    except _Rehearsed:
        pass
    return lines


class _Import:
    """One model on its way."""

    def __init__(self, recording: Recording, came_from: str, found: FoundModel) -> None:
        self.recording, self.came_from, self.found = recording, came_from, found

    def of(self, versions: Sequence[FoundVersion]) -> Iterator[Line]:
        try:
            model, is_new = self._model()
        except DomainError as refusal:
            name = self.found.name[:80]
            yield Line(Kind.MODEL, name if name.isprintable() else repr(name), Outcome.LEFT, refusal.detail)
            return
        if not model.state.is_listed:
            yield Line(Kind.MODEL, model.name, Outcome.HERE, "was deleted here, and stays so")
            return
        yield Line(Kind.MODEL, model.name, Outcome.TAKEN if is_new else Outcome.HERE)
        if is_new:
            ours = {"from": self.came_from, "updated_at": timestamp(self.found.updated_at)}
            others = {key: value for key, value in self.found.tags.items() if not key.startswith(RESERVED)}
            yield from self._tags(model, None, others, ours)
        registry.lock_versions(model.pk)
        rows = model.versions.filter(number__in=[one.number for one in versions])
        known = {row.number: row for row in rows.select_related("model", "position", "deletion")}
        for one in versions:
            yield from self._version(model, one, known)
        yield from self._aliases(model, known, {one.number for one in versions})

    def _model(self) -> tuple[RegisteredModel, bool]:
        found = self.found
        refuse_malformed_name(found.name)
        if found.tags.get(_IS_PROMPT) == "true":
            raise Malformed("It is a prompt, and prompts are registered here by their text.", field="name")
        known = find_model(found.name)
        if known and known.registered_at == found.registered_at:
            return known, False
        if known:
            raise Malformed("Another model is called so here, or was; rename one of the two.", field="name")
        _refuse_unkeepable(found.description)
        _refuse_what_is_to_come(found.registered_at, self.recording.at)
        lasting = particulars_of({key: value for key, value in found.tags.items() if key.startswith(RESERVED)})
        model = registry.register_model(
            recording=self.recording,
            name=found.name,
            description=found.description,
            registered_at=found.registered_at,
            **lasting,
        )
        return model, True

    def _version(self, model: RegisteredModel, one: FoundVersion, known: dict[int, ModelVersion]) -> Iterator[Line]:
        about, version = f"{model.name} {one.number}", known.get(one.number)
        if version and version.registered_at != one.registered_at:
            del known[one.number]
            yield Line(Kind.VERSION, about, Outcome.LEFT, "Here the number is another version's.")
            return
        if version is None:
            try:
                version = known[one.number] = self._new_version(model, one)
            except DomainError as refusal:
                yield Line(Kind.VERSION, about, Outcome.LEFT, refusal.detail)
                return
            yield Line(Kind.VERSION, about, Outcome.TAKEN)
            ours = {"from": self.came_from, "updated_at": timestamp(one.updated_at)}
            ours |= {"stage": one.stage} if one.stage != "None" else {}
            yield from self._tags(model, version, one.tags, ours)
            if one.stage == "Archived":
                registry.move_version(
                    recording=self.recording, version=version, to_stage=Stage.RETIRED, because="archived before it came"
                )
        else:
            yield Line(Kind.VERSION, about, Outcome.HERE)
        stands = version.position.stage
        if one.stage in GUARDED and stands == Stage.DEVELOPMENT and not hasattr(version, "deletion"):
            yield Line(
                Kind.VERSION,
                about,
                Outcome.TO_ASK,
                f"It stood in {one.stage} there and stands in development here: nobody has approved it here yet.",
            )

    def _new_version(self, model: RegisteredModel, one: FoundVersion) -> ModelVersion:
        if one.status != "READY":
            raise Malformed(f"Its registration was never finished there ({one.status[:40]}).", field="status")
        refuse_hostile_source(one.source)
        refuse_malformed_origin(one.origin)
        _refuse_unkeepable(one.description)
        _refuse_what_is_to_come(one.registered_at, self.recording.at)
        return registry.register_version(
            recording=self.recording,
            model=model,
            artifact=None,
            tables={},
            source=one.source,
            notes=one.description,
            origin=one.origin,
            number=one.number,
            registered_at=one.registered_at,
        )

    def _tags(
        self, model: RegisteredModel, version: ModelVersion | None, tags: Mapping[str, str], ours: Mapping[str, str]
    ) -> Iterator[Line]:
        kept = {}
        for key, value in tags.items():
            try:
                refuse_malformed_tags({key: value}, reserved=RESERVED)
                _refuse_unkeepable(key + value)
                kept[key] = value
            except Malformed as refusal:
                yield Line(Kind.TAG, str(version or model), Outcome.LEFT, refusal.detail)
        kept |= {f"{IMPORTED}{name}": value for name, value in ours.items()}
        registry.annotate(recording=self.recording, model=model, version=version, tags=kept)

    def _aliases(self, model: RegisteredModel, known: Mapping[int, ModelVersion], asked: set[int]) -> Iterator[Line]:
        """Point free aliases at versions that came, unless somebody here has said before where they point."""
        for alias, number in self.found.aliases.items():
            if number not in asked:
                continue
            about, version = f"{model.name}@{alias}", known.get(number)
            if CurrentAlias.objects.filter(model=model, alias=alias, version=version).exists():
                yield Line(Kind.ALIAS, about, Outcome.HERE)
            elif version is None or hasattr(version, "deletion"):
                yield Line(Kind.ALIAS, about, Outcome.LEFT, f"The version {number} that it points at is not here.")
            elif AliasAssignment.objects.filter(model=model, alias=alias).exists():
                yield Line(Kind.ALIAS, about, Outcome.HERE, "was moved here since, and stays so")
            elif why := what_governs(model, alias):
                yield Line(
                    *(Kind.ALIAS, about, Outcome.TO_ASK),
                    f"It pointed at version {number} there and is not free here: {why}.",
                )
            else:
                registry.assign_alias(recording=self.recording, version=version, alias=alias, because=version.subject)
                yield Line(Kind.ALIAS, about, Outcome.TAKEN)


def _refuse_unkeepable(text: str) -> None:
    """Raises: Malformed for what no database or no reader of JSON would give back as it came."""
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise Malformed("A text of it holds NUL or half a character, which cannot be kept.", field="text")


def _refuse_what_is_to_come(at: datetime, present: datetime) -> None:
    if at > present:
        raise Malformed(f"It was registered at {timestamp(at)}, which is still to come.", field="creation_timestamp")
