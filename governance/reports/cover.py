"""What must a reader know from page one: what the gate said and why, and what is missing?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from governance import charts
from governance.charts import plain
from governance.reports.requirement import decisive_figure, outcome_words, state_words
from governance.reports.sections import (
    Block,
    Bullets,
    Callout,
    Facts,
    Paragraph,
    Section,
    Subheading,
    Table,
    Tone,
)
from governance.reports.words import DECISIONS, NOT_RECORDED, NOTICE, moment, spoken

# What page one has room for; the rest is told in full in a section of its own.
GAPS_ON_PAGE_ONE = 6
REASONS_ON_PAGE_ONE = 5
REQUIREMENTS_ON_PAGE_ONE = 10
LETTERS_ON_PAGE_ONE = 200

Document = Mapping[str, Any]


def missing(file: Document) -> list[str]:
    """Everything the file itself names as missing, and what it shows to be missing without naming it."""
    named = list(dict.fromkeys(plain(gap) for gap in file.get("gaps") or ()))
    told = " ".join(named)
    found = list(named)
    for requirement in file.get("requirements") or ():
        id, title = plain(requirement.get("id")), plain(requirement.get("title") or requirement.get("id"))
        outcome = str(requirement.get("outcome") or "not_run")
        if outcome in {"passed", "failed"} or id in told or title in told:
            continue
        sentence = plain(requirement.get("sentence") or "No reason was recorded.")
        found.append(f"{title} ({id}) is {spoken(outcome)}. {sentence}")
    if not file.get("requirements"):
        found.append("No requirement of a policy was applied to this version.")
    if not file.get("evidence"):
        found.append("No evidence is recorded for this version.")
    trail = file.get("trail") or {}
    if not trail.get("checkpoint"):
        found.append("There is no signed checkpoint of the trail, so the history cannot be verified from here.")
    return found


def missing_section(gaps: Sequence[str]) -> Iterator[Block]:
    """The full list, when page one could not hold it."""
    if len(gaps) > GAPS_ON_PAGE_ONE or any(len(gap) > LETTERS_ON_PAGE_ONE for gap in gaps):
        yield Bullets(tuple(gaps))


def cover(file: Document, sections: Sequence[Section]) -> Iterator[Block]:
    """Page one. Its lists are cut to fit and say where the rest stands."""
    numbers = {section.id: section.number for section in sections}
    yield _gate_said(file, numbers)
    gaps = missing(file)
    yield Subheading(f"What is missing ({len(gaps)})" if gaps else "What is missing")
    if gaps:
        shown = [short(gap) for gap in gaps[:GAPS_ON_PAGE_ONE]]
        if "missing" in numbers:
            shown.append(f"The full list of {len(gaps)} stands in section {numbers['missing']}.")
        yield Bullets(tuple(shown))
    else:
        yield Paragraph("The file names nothing as missing, not measured, refused or expired.")
    yield from _at_a_glance(list(file.get("requirements") or ()), numbers)
    yield Subheading("What this report covers")
    yield _scope(file)
    yield Paragraph(NOTICE, "note")


def _gate_said(file: Document, numbers: Mapping[str, int]) -> Callout:
    promotions = sorted(file.get("promotions") or (), key=lambda p: str(p.get("requested_at")))
    if not promotions:
        return Callout(
            "none",
            "No promotion has been asked for, so no gate has decided on this version",
            ("What the requirements say so far is listed below.",),
        )
    latest = promotions[-1]
    target = plain(latest.get("target"))
    asked = (
        f"{plain(latest.get('requested_by') or NOT_RECORDED)} asked for this move on "
        f"{moment(latest.get('requested_at'))}; the request is {spoken(latest.get('state'))}."
    )
    if latest.get("state") == "withdrawn":
        return Callout("none", f"The request to move to {target} was withdrawn", (asked,))
    decisions = list(latest.get("decisions") or ())
    if not decisions:
        return Callout("wait", f"The gate has not decided on the move to {target} yet", (asked,))
    decision = decisions[-1]
    tone: Tone
    outcome = str(decision.get("outcome"))
    if outcome == "allow":
        tone = "allow"
    elif outcome == "wait":
        tone = "wait"
    else:
        tone = "block"
    _, phrase = DECISIONS.get(outcome, DECISIONS["block"])
    title = phrase.format(target=target)
    if latest.get("state") == "refused":
        tone, title = "block", f"The move to {target} was refused"
    decided = f"{asked} The gate decided on {moment(decision.get('at'))}."
    return Callout(tone, title, (*_reasons(file, decision, numbers), decided))


def _reasons(file: Document, decision: Document, numbers: Mapping[str, int]) -> Iterator[str]:
    requirements = {r.get("id"): r for r in file.get("requirements") or ()}
    ranks = {"block": 0, "wait": 2, "satisfied": 3}

    def rank(reason: Document) -> int:
        requirement = requirements.get(reason.get("requirement"))
        return 1 if requirement is None else ranks.get(str(requirement.get("state")), 0)

    reasons = sorted(decision.get("reasons") or (), key=rank)
    if decision.get("outcome") != "allow":
        # What is satisfied does not explain a no.
        reasons = [r for r in reasons if rank(r) < 3] or reasons
    for reason in reasons[:REASONS_ON_PAGE_ONE]:
        requirement = requirements.get(reason.get("requirement"))
        title = plain(requirement.get("title") or requirement.get("id")) + ": " if requirement else ""
        sentence = plain(reason.get("sentence") or spoken(reason.get("code")))
        # The gate names the requirement already.
        yield short(sentence if sentence.startswith(title) else title + sentence)
    if len(reasons) > REASONS_ON_PAGE_ONE:
        yield (f"{len(reasons) - REASONS_ON_PAGE_ONE} further reasons stand in section {numbers.get('promotions', 0)}.")
    if not reasons:
        yield "No reason was recorded."


def _at_a_glance(requirements: Sequence[Document], numbers: Mapping[str, int]) -> Iterator[Block]:
    if not requirements:
        return
    yield Subheading("Requirements at a glance")
    section = numbers.get("requirements", 0)
    order = sorted(
        range(len(requirements)),
        key=lambda i: {"satisfied": 2, "wait": 1}.get(str(requirements[i].get("state")), 0),
    )
    # When not all fit, those that stand in the way come first.
    chosen = sorted(order[:REQUIREMENTS_ON_PAGE_ONE])
    yield Paragraph(
        f"{_count(requirements)}. The figure is the one furthest beyond its limit or closest to it.", "note"
    )
    yield Table(
        "State, check and decisive figure of each requirement",
        ("Section", "Requirement", "State", "Check", "Figure"),
        tuple(
            (
                f"{section}.{i + 1}",
                short(plain(requirements[i].get("title") or requirements[i].get("id")), 80),
                state_words(requirements[i]),
                outcome_words(requirements[i]),
                short(decisive_figure(requirements[i]), 80),
            )
            for i in chosen
        ),
        (0, 5, 0, 0, 6),
    )
    left = len(requirements) - len(chosen)
    if left:
        yield Paragraph(f"{left} further requirements stand in section {section}.", "note")


def _count(requirements: Iterable[Document]) -> str:
    states = [str(r.get("state")) for r in requirements]
    satisfied, waiting = states.count("satisfied"), states.count("wait")
    return f"{satisfied} satisfied, {waiting} waiting, {len(states) - satisfied - waiting} blocking"


def _scope(file: Document) -> Facts:
    history = list(file.get("history") or ())
    trail = file.get("trail") or {}
    policies = [
        f"{short(plain(policy.get('name')), 80)}, edition {plain(policy.get('number'))}"
        for policy in file.get("policies") or ()
    ]
    model, version = file.get("model") or {}, file.get("version") or {}
    period = (
        f"{moment(history[0].get('recorded_at'))} to {moment(history[-1].get('recorded_at'))}; times are in UTC"
        if history
        else "no entry is recorded; times are in UTC"
    )
    tail = trail.get("unwitnessed")
    covered = (
        f"{charts.counted(trail['size'], 'entries')}, of which the last {charts.counted(tail or 0)} are not witnessed"
        if trail.get("size") is not None
        else NOT_RECORDED
    )
    return Facts(
        (
            (
                "Scope",
                f"version {plain(version.get('number'))} of {short(plain(model.get('name')), 80)}, "
                f"risk tier {spoken(model.get('risk_tier') or NOT_RECORDED)}, "
                f"now in {spoken(version.get('stage') or NOT_RECORDED)}",
            ),
            ("Policies" if len(policies) > 1 else "Policy", "; ".join(policies) or "none"),
            ("Period", period),
            ("Trail", covered),
            (
                "Made",
                f"{moment(file.get('generated_at'))} by {plain(file.get('generator') or 'Countersign')} for "
                f"{short(plain(file.get('requested_by') or NOT_RECORDED), 80)}; "
                "this export is itself an entry of the trail",
            ),
        )
    )


def short(text: str, letters: int = LETTERS_ON_PAGE_ONE) -> str:
    """The text cut to so many letters, between two words where there are any."""
    if len(text) <= letters:
        return text
    cut = text[: letters - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > letters // 2 else cut).rstrip() + "…"
