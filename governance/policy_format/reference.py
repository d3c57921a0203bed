"""The page about every property of a policy, made from the schema: `python -m governance.policy_format.reference`."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from governance.policy_format.reading import policy_schema

HEAD = """\
# Policies

A policy is a YAML document that says what must hold before a version may make a move \
([how to write one](../how-to/write-a-policy.md)).
Every policy in force whose `applies_to` covers a move must be satisfied, and a move that none covers does not happen.
It is checked against [policy.schema.json](../../governance/policies/policy.schema.json) \
and then for sense; everything that is wrong is said at once, with line and column.

This page is made from the schema by `python -m governance.policy_format.reference`.
"""
TAIL = """
## What is refused besides

A policy of the right form is still refused when it cannot be meant:

- it asks for nothing, or only advises, so that nothing in it could ever close the gate;
- an `id` is used twice, or is `soak` or `stage`, which are the gate's own words;
- a check, its edition or a parameter does not exist, or a value is out of its range;
- a group is named twice under `approvals`;
- `approval_order`, `approval_days`, `sign_off` or `separation` without any approval;
- a `rollout` in `applies_to` without the target production;
- a `soak` from where no move leads to the target, \
with a step of a rollout outside production, or from a later step than one it guards;
- a `recertification` of a policy that guards staging, or with a notice as long as its period.
"""


def page() -> str:
    """Return the page as Markdown."""
    sections = ["".join(_section("The document", policy_schema()))]
    for name, schema in policy_schema()["properties"].items():
        inner = schema.get("items", schema)
        if "properties" in inner:
            sections.append("".join(_section(f"`{name}`", inner, schema["description"])))
    return HEAD + "\n" + "\n".join(sections) + TAIL


def _section(title: str, schema: Mapping[str, Any], about: str = "") -> Iterator[str]:
    yield f"## {title}\n\n"
    if about:
        yield f"{about}\n\n"
    if any_of := schema.get("anyOf"):
        names = " or ".join(f"`{one['required'][0]}`" for one in any_of)
        yield f"{names} must be given, or both.\n\n"
    yield "| property | must be given | default | accepts | meaning |\n|---|---|---|---|---|\n"
    for name, given in schema["properties"].items():
        whole = policy_schema()["$defs"]["controls"] if "$ref" in given else given
        needed = "yes" if name in schema.get("required", ()) else ""
        default = f"`{_as_yaml(whole['default'])}`" if "default" in whole else ""
        yield f"| `{name}` | {needed} | {default} | {_accepts(whole)} | {whole['description']} |\n"


def _as_yaml(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _accepts(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    match schema["type"]:
        case "integer":
            most = schema.get("maximum")
            return f"{schema['minimum']} to {most}" if most else f"{schema['minimum']} or more"
        case "string":
            if "pattern" in schema:
                return f"text like `{schema['pattern']}`"
            return f"1 to {schema['maxLength']} characters"
        case "boolean":
            return "`true`, `false`"
        case "array":
            inner = schema["items"]
            return "a list of lines, below" if "properties" in inner else f"a list of: {_accepts(inner)}"
        case _:
            return "see below" if "properties" in schema else "values by name"


if __name__ == "__main__":
    sys.stdout.write(page())
