"""What does a policy document say, and where exactly is it wrong?

A policy is YAML, checked against the JSON Schema beside this file; every error is reported at once, with line and
column. What a check accepts is asked of the caller, so that this module stays pure.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

SCHEMA_PATH = Path(__file__).parent / "policies" / "policy.schema.json"

# A requirement's parameters are the deepest part of a policy; this leaves room.
DEEPEST = 12

# Given a check's name, edition and parameters, return what is wrong with them, or None.
CheckValidator = Callable[[str, int, Mapping[str, Any]], str | None]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a policy: a check that must have passed over the version's own evidence."""

    id: str
    title: str
    check: str
    version: int
    parameters: Mapping[str, Any]
    max_age_days: int | None
    is_advisory: bool
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovalFactor:
    """So many people of one group must approve; every factor of a policy is needed."""

    group: str
    count: int


@dataclass(frozen=True, slots=True)
class Policy:
    """A named set of requirements for one move of the models of some risk tiers."""

    name: str
    title: str
    risk_tiers: tuple[str, ...]
    target: str
    requirements: tuple[Requirement, ...]
    approvals: tuple[ApprovalFactor, ...]


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
        risk_tiers=tuple(document["applies_to"]["risk_tier"]),
        target=document["applies_to"]["target"],
        requirements=tuple(
            Requirement(
                id=line["id"],
                title=line["title"],
                check=line["check"],
                version=line["version"],
                parameters=line.get("parameters", {}),
                max_age_days=line.get("max_age_days"),
                is_advisory=line.get("advisory", False),
                controls=tuple(line.get("controls", ())),
            )
            for line in document["requirements"]
        ),
        approvals=tuple(ApprovalFactor(line["group"], line["count"]) for line in document.get("approvals", ())),
    )


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
    seen: set[str] = set()
    for index, line in enumerate(document["requirements"]):
        if line["id"] in seen:
            yield _error_at(root, ["requirements", index, "id"], f"the id {line['id']!r} is used twice")
        seen.add(line["id"])
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
