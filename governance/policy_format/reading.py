"""What does a policy document say, and where exactly is it wrong?

A policy is YAML, checked against the JSON Schema beside the shipped policies and then for sense; every error is
reported at once, with line and column. What a check accepts is asked of the caller, so that this module stays pure.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from governance.policy_format.meaning import CheckValidator, meaning_errors
from governance.policy_format.model import (
    ApprovalFactor,
    DocumentRequirement,
    Policy,
    Recertification,
    Requirement,
    Scope,
    SignOff,
    Soak,
)

SCHEMA_PATH = Path(__file__).parents[1] / "policies" / "policy.schema.json"

# The reader in C where PyYAML was built with it, as its wheels are: the same places and values, in a sixth of the time.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# In characters: what a door takes of a text before it reads it.
LONGEST_POLICY = 200_000

# A requirement's parameters are the deepest part of a policy; this leaves room.
DEEPEST = 12


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


def document_kinds() -> tuple[str, ...]:
    """Return the kinds of documents that a policy can ask for."""
    line = policy_schema()["properties"]["documents"]["items"]["properties"]
    return tuple(line["kind"]["enum"])


def parse_policy(text: str, *, validate_check: CheckValidator | None) -> Policy:
    """Return the policy a text describes.

    Without `validate_check` the text is one that was accepted earlier: it is read as it stands, whatever has become of
    the checks and of the rules for sense since.
    Raises: MalformedPolicy with every error at once.
    """
    try:
        if odd := list(_odd_structure(text)):
            raise MalformedPolicy(odd)
        loader = _Loader(text)
        root = loader.get_single_node()
        document: Any = loader.construct_document(root) if root else None
    except yaml.YAMLError as problem:
        raise MalformedPolicy([_yaml_error(problem)]) from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
        if isinstance(problem, MalformedPolicy):
            raise
        # A date such as 2026-13-40: the loader's constructors raise whatever they happen to raise.
        raise MalformedPolicy([PolicyError(1, 1, f"a value cannot be read: {problem}")]) from None
    if root is None:
        raise MalformedPolicy([PolicyError(1, 1, "the document is empty; start from one of the shipped policies")])
    flaws = list(jsonschema.Draft202012Validator(policy_schema()).iter_errors(document))
    errors = [*_repeated_keys(root), *(_schema_error(root, flaw) for flaw in flaws)]
    if isinstance(document, dict) and validate_check:
        sound = _sound_parts(document, [tuple(flaw.absolute_path) for flaw in flaws])
        errors += [_error_at(root, path, sentence) for path, sentence in meaning_errors(sound, validate_check)]
    if errors:
        raise MalformedPolicy(errors)
    return _policy(document)


def _sound_parts(document: Mapping[str, Any], flawed: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return what of a document can be judged for sense: None for the parts the schema refuses, lines one by one."""
    sound = dict(document)
    for path in flawed:
        match path:
            case [part, int(index), *_] if sound[part] is not None:
                sound[part] = [None if at == index else line for at, line in enumerate(sound[part])]
            case [part, *_]:
                sound[part] = None
    return sound


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
    for event in yaml.parse(text, Loader=_Loader):
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


def _schema_error(root: yaml.Node, flaw: jsonschema.ValidationError) -> PolicyError:
    where = ".".join(map(str, flaw.absolute_path)) or "the document"
    return _error_at(root, list(flaw.absolute_path), f"{where}: {flaw.message}")


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
