"""Is a policy that has the right form also one that can be meant?

Each rule looks at the parts it is about and yields where something is wrong, as a path into the document, and what.
Parts and lines that the schema refuses are None, so that the rest can be judged in the same round.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

# Given a check's name, edition and parameters, return what is wrong with them, or None.
CheckValidator = Callable[[str, int, Mapping[str, Any]], str | None]

Document = Mapping[str, Any]
Wrong = tuple[list[str | int], str]

PARTS = ("requirements", "documents")
# From nobody to everybody; a rollout goes from left to right only.
STEPS = ("shadow", "canary", "blue_green", "full")
# What the gate calls its reason about the soak, and about the way between the stages.
TAKEN = frozenset({"soak", "stage"})
FOR_APPROVALS = ("approval_order", "approval_days", "sign_off", "separation")


def meaning_errors(document: Document, validate: CheckValidator) -> Iterator[Wrong]:
    """Yield everything that cannot be meant."""
    yield from _asks_for_nothing(document)
    yield from _ids(document)
    yield from _checks(document, validate)
    yield from _groups(document)
    yield from _scope(document)
    yield from _soak(document)
    yield from _recertification(document)


def _lines(document: Document, part: str) -> list[tuple[int, Any]]:
    """Return the sound lines of a part with their places."""
    return [(at, line) for at, line in enumerate(document.get(part) or ()) if line is not None]


def _asks_for_nothing(document: Document) -> Iterator[Wrong]:
    parts = [document.get(part, ()) for part in (*PARTS, "approvals")]
    if None in parts or "requirements" not in document:
        return
    asked = [line for part in parts for line in part]
    if not asked:
        yield ["requirements"], "the policy asks for nothing: no check, no document, no approval"
    elif "soak" not in document and all(line and line.get("advisory") is True for line in asked):
        yield ["requirements"], "the policy only advises: nothing in it could ever close the gate"


def _ids(document: Document) -> Iterator[Wrong]:
    seen: set[str] = set()
    for part in PARTS:
        for at, line in _lines(document, part):
            if line["id"] in seen:
                yield [part, at, "id"], f"the id {line['id']!r} is used twice"
            if line["id"] in TAKEN:
                yield [part, at, "id"], f"the id {line['id']!r} is the gate's own; choose another"
            seen.add(line["id"])


def _checks(document: Document, validate: CheckValidator) -> Iterator[Wrong]:
    for at, line in _lines(document, "requirements"):
        if problem := validate(line["check"], line["version"], line.get("parameters", {})):
            yield ["requirements", at, "check"], problem


def _groups(document: Document) -> Iterator[Wrong]:
    groups: set[str] = set()
    for at, line in _lines(document, "approvals"):
        if line["group"] in groups:
            yield ["approvals", at, "group"], f"the group {line['group']!r} is named twice; raise its count"
        groups.add(line["group"])
    if document.get("approvals", ()) in ((), []):
        for name in FOR_APPROVALS:
            if document.get(name):
                yield [name], f"{name} is about approvals, and the policy asks for none"


def _scope(document: Document) -> Iterator[Wrong]:
    scope = document.get("applies_to") or {}
    if "rollout" in scope and scope.get("target") != "production":
        yield ["applies_to", "rollout"], "only production knows a rollout; name it as the target"


def _soak(document: Document) -> Iterator[Wrong]:
    soak, scope = document.get("soak"), document.get("applies_to") or {}
    if not soak:
        return
    if soak.get("rollout") and soak["stage"] != "production":
        yield ["soak", "rollout"], f"only production knows a rollout, not {soak['stage']}"
    if scope.get("target") == "staging" and soak["stage"] != "development":
        yield ["soak", "stage"], f"no move leads from {soak['stage']} to staging"
    if step := soak.get("rollout"):
        for at, guarded in enumerate(scope.get("rollout", ())):
            if STEPS.index(guarded) < STEPS.index(step):
                yield ["applies_to", "rollout", at], f"a rollout does not go back from {step} to {guarded}"


def _recertification(document: Document) -> Iterator[Wrong]:
    renewal, scope = document.get("recertification"), document.get("applies_to") or {}
    if not renewal:
        return
    if scope.get("target") == "staging":
        yield ["recertification"], "only versions in production are certified anew; this policy guards staging"
    if renewal.get("notice_days", 30) >= renewal["every_days"]:
        yield (
            ["recertification", "notice_days" if "notice_days" in renewal else "every_days"],
            "it would be shown as due all the time: the notice is as long as the period",
        )
