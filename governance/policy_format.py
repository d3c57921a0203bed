"""What does a policy document say, and where exactly is it wrong?

A policy is YAML, checked against the JSON Schema beside this file; every error is reported at once, with line and
column. What a check accepts is asked of the caller, so that this module stays pure.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

SCHEMA_PATH = Path(__file__).parent / "policies" / "policy.schema.json"

# What a signature can mean, 21 CFR 11.50(a)(3); the schema lists the same.
MEANINGS = ("reviewed", "approved", "responsible_for")

# A requirement's parameters are the deepest part of a policy; this leaves room.
DEEPEST = 12

# Given a check's name, edition and parameters, return what is wrong with them, or None.
CheckValidator = Callable[[str, int, Mapping[str, Any]], str | None]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a policy: a check that must have passed over the version's own evidence.

    `evidence` is the purpose of the table that the check reads.
    """

    id: str
    title: str
    check: str
    version: int
    parameters: Mapping[str, Any]
    max_age_days: int | None = None
    is_advisory: bool = False
    controls: tuple[str, ...] = ()
    evidence: str = "evaluation"
    is_waivable: bool = True


@dataclass(frozen=True, slots=True)
class DocumentRequirement:
    """One line of a policy: a document that the version must bring, with the sections it must have."""

    id: str
    title: str
    kind: str
    sections: tuple[str, ...] = ()
    max_age_days: int | None = None
    is_advisory: bool = False
    controls: tuple[str, ...] = ()
    is_waivable: bool = True


@dataclass(frozen=True, slots=True)
class ApprovalFactor:
    """So many people of one group must approve; every factor of a policy is needed."""

    group: str
    count: int
    has_veto: bool = True


@dataclass(frozen=True, slots=True)
class Scope:
    """Which moves a policy guards; an empty line fits everything."""

    target: str = ""
    aliases: tuple[str, ...] = ()
    rollouts: tuple[str, ...] = ()
    risk_tiers: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    entry_types: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def covers_model(self, *, risk_tier: str, task: str, entry_type: str, tags: Mapping[str, str]) -> bool:
        """Return whether some move of such a model's versions is guarded."""
        return (
            _fits(self.risk_tiers, risk_tier)
            and _fits(self.tasks, task)
            and _fits(self.entry_types, entry_type)
            and all(tags.get(name) == value for name, value in self.tags.items())
        )

    def covers_move(self, *, target: str, alias: str, rollout: str) -> bool:
        """Return whether this move is guarded, of the models that are covered."""
        return self.target in {"", target} and _fits(self.aliases, alias) and _fits(self.rollouts, rollout)


def _fits(accepted: tuple[str, ...], given: str) -> bool:
    return not accepted or given in accepted


@dataclass(frozen=True, slots=True)
class SignOff:
    """What an approval must carry besides a reason."""

    reauthenticate: bool = False
    meanings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Soak:
    """How many hours the version must have stood in a stage (and a step of production) before it moves on."""

    stage: str
    hours: int
    rollout: str = ""


@dataclass(frozen=True, slots=True)
class Recertification:
    """When a version in production must be promoted anew, and what follows when it was not."""

    every_days: int
    notice_days: int = 30
    triggers: tuple[str, ...] = ()
    grace_days: int = 14
    overdue: str = "warn"


@dataclass(frozen=True, slots=True)
class Policy:
    """A named set of rules for some moves of some models."""

    name: str
    title: str
    scope: Scope
    requirements: tuple[Requirement, ...]
    approvals: tuple[ApprovalFactor, ...] = ()
    documents: tuple[DocumentRequirement, ...] = ()
    is_ordered: bool = False
    approval_days: int | None = None
    sign_off: SignOff = SignOff()
    separation: frozenset[str] = frozenset()
    soak: Soak | None = None
    max_waiver_days: int = 90
    allows_break_glass: bool = True
    recertification: Recertification | None = None

    @property
    def lines(self) -> tuple[Requirement | DocumentRequirement, ...]:
        """Every check and every document that is asked for."""
        return (*self.requirements, *self.documents)


@dataclass(frozen=True, slots=True)
class PolicyError:
    """One thing that is wrong, with its place. Lines and columns count from 1."""

    line: int
    column: int
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.sentence}"


class MalformedPolicy(ValueError):
    """The text is no policy; `errors` names everything that is wrong, in the order of the lines."""

    def __init__(self, errors: Sequence[PolicyError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: (error.line, error.column)))
        super().__init__("; ".join(map(str, self.errors)))


@cache
def policy_schema() -> dict[str, Any]:
    """Return the published JSON Schema of a policy document."""
    schema: dict[str, Any] = json.loads(SCHEMA_PATH.read_text())
    return schema


def parse_policy(text: str, *, validate_check: CheckValidator) -> Policy:
    """Return the policy a text describes.

    Raises: MalformedPolicy with every error at once.
    """
    try:
        if odd := list(_odd_structure(text)):
            raise MalformedPolicy(odd)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise MalformedPolicy([_yaml_error(problem)]) from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
        if isinstance(problem, MalformedPolicy):
            raise
        # A date such as 2026-13-40: the loader's constructors raise whatever they happen to raise.
        raise MalformedPolicy([PolicyError(1, 1, f"a value cannot be read: {problem}")]) from None
    if root is None:
        raise MalformedPolicy([PolicyError(1, 1, "the document is empty; start from one of the shipped policies")])
    errors = [*_repeated_keys(root), *_schema_errors(root, document)]
    if not errors:
        errors = list(_meaning_errors(root, document, validate_check))
    if errors:
        raise MalformedPolicy(errors)
    return _policy(document)


def _policy(document: Mapping[str, Any]) -> Policy:
    return Policy(
        name=document["policy"],
        title=document["title"],
        scope=_scope(document["applies_to"]),
        requirements=tuple(
            Requirement(
                check=line["check"],
                version=line["version"],
                parameters=line.get("parameters", {}),
                evidence=line.get("evidence", "evaluation"),
                **_line(line),
            )
            for line in document["requirements"]
        ),
        documents=tuple(
            DocumentRequirement(kind=line["kind"], sections=tuple(line.get("sections", ())), **_line(line))
            for line in document.get("documents", ())
        ),
        approvals=tuple(
            ApprovalFactor(line["group"], line["count"], line.get("veto", True))
            for line in document.get("approvals", ())
        ),
        is_ordered=document.get("approval_order") == "ordered",
        approval_days=document.get("approval_days"),
        sign_off=SignOff(**_tuples(document.get("sign_off", {}))),
        separation=frozenset(document.get("separation", ())),
        soak=Soak(**document["soak"]) if "soak" in document else None,
        max_waiver_days=document.get("waivers", {}).get("max_days", 90),
        allows_break_glass=document.get("break_glass", True),
        recertification=(
            Recertification(**_tuples(document["recertification"])) if "recertification" in document else None
        ),
    )


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every requirement has, whether a check or a document is asked for."""
    return {
        "id": line["id"],
        "title": line["title"],
        "max_age_days": line.get("max_age_days"),
        "is_advisory": line.get("advisory", False),
        "controls": tuple(line.get("controls", ())),
        "is_waivable": line.get("waivable", True),
    }


def _scope(document: Mapping[str, Any]) -> Scope:
    return Scope(
        target=document.get("target", ""),
        aliases=tuple(document.get("alias", ())),
        rollouts=tuple(document.get("rollout", ())),
        risk_tiers=tuple(document.get("risk_tier", ())),
        tasks=tuple(document.get("task", ())),
        entry_types=tuple(document.get("entry_type", ())),
        tags=document.get("tags", {}),
    )


def _tuples(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in document.items()}


def _odd_structure(text: str) -> Iterator[PolicyError]:
    """Yield what a policy has no use for and what costs a reader without bound: references and deep nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        sentence = ""
        if isinstance(event, yaml.AliasEvent):
            sentence = "references (*name) are not read; write the value out"
        if depth > DEEPEST:
            sentence = f"nested deeper than {DEEPEST} levels"
        if sentence and event.start_mark:
            yield PolicyError(event.start_mark.line + 1, event.start_mark.column + 1, sentence)
        if depth > DEEPEST:
            return


def _yaml_error(problem: yaml.YAMLError) -> PolicyError:
    mark = getattr(problem, "problem_mark", None)
    sentence = getattr(problem, "problem", None) or str(problem)
    return PolicyError(mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, f"not YAML: {sentence}")


def _schema_errors(root: yaml.Node, document: object) -> Iterator[PolicyError]:
    for error in jsonschema.Draft202012Validator(policy_schema()).iter_errors(document):
        where = ".".join(map(str, error.absolute_path)) or "the document"
        yield _error_at(root, list(error.absolute_path), f"{where}: {error.message}")


def _meaning_errors(root: yaml.Node, document: Mapping[str, Any], validate: CheckValidator) -> Iterator[PolicyError]:
    if not any(document.get(part) for part in ("requirements", "documents", "approvals")):
        yield _error_at(root, ["requirements"], "the policy asks for nothing: no check, no document, no approval")
    seen: set[str] = set()
    for part in ("requirements", "documents"):
        for index, line in enumerate(document.get(part, ())):
            if line["id"] in seen:
                yield _error_at(root, [part, index, "id"], f"the id {line['id']!r} is used twice")
            seen.add(line["id"])
    for index, line in enumerate(document["requirements"]):
        problem = validate(line["check"], line["version"], line.get("parameters", {}))
        if problem:
            yield _error_at(root, ["requirements", index, "check"], problem)
    groups = [line["group"] for line in document.get("approvals", ())]
    for index, group in enumerate(groups):
        if group in groups[:index]:
            yield _error_at(root, ["approvals", index, "group"], f"the group {group!r} is named twice; raise its count")


def _repeated_keys(node: yaml.Node) -> Iterator[PolicyError]:
    """YAML keeps the last of two equal keys in silence; a rule must not vanish that way."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield PolicyError(key.start_mark.line + 1, key.start_mark.column + 1, f"{key.value!r} is given twice")
            seen.add(key.value)
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated_keys(item)


def _error_at(root: yaml.Node, path: Sequence[str | int], sentence: str) -> PolicyError:
    """Return the error with the place of the deepest node that the path reaches."""
    node = root
    for step in path:
        if isinstance(node, yaml.MappingNode):
            children = {key.value: value for key, value in node.value}
        elif isinstance(node, yaml.SequenceNode):
            children = dict(enumerate(node.value))
        else:
            break
        if step not in children:
            break
        node = children[step]
    return PolicyError(node.start_mark.line + 1, node.start_mark.column + 1, sentence)
