"""Which words does a report use for states, harms and terms?

Fairness prose names the harm and the groups. Nothing here passes a legal judgement.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from audits.checks import spoken_name
from governance.charts import plain

NOT_RECORDED = "not recorded"

STATES = {"satisfied": "✓ satisfied", "wait": "… waiting", "block": "✗ blocking"}

OUTCOMES = {
    "passed": "The check passed: it held nothing against the version.",
    "failed": "The check failed: it holds a finding against the version.",
    "inconclusive": "The check could not measure what it was asked to, so it counts as not satisfied.",
    "errored": "The check broke off with an error, so it counts as not satisfied.",
    "not_run": "The check was not run, so it counts as not satisfied.",
    "running": "The check had not finished when this report was made, so it counts as not satisfied.",
    "expired": "The result is older than the policy accepts, so it counts as not satisfied.",
}

DECISIONS = {
    "allow": ("allow", "The gate allows the move to {target}"),
    "wait": ("wait", "The gate waits before the move to {target}"),
    "block": ("block", "The gate blocks the move to {target}"),
}

HARMS = (
    (
        ("opportunity", "true_positive", "recall", "false_negative"),
        "Harm looked for: people who deserved the favourable outcome are refused it more often in one group "
        "than in another.",
    ),
    (
        ("odds", "false_positive", "error", "accuracy"),
        "Harm looked for: the model's mistakes fall on people of one group more often than on people of another.",
    ),
    (
        ("calibration",),
        "Harm looked for: the same score stands for a different chance in one group than in another, so that "
        "people are treated as riskier or safer than they are.",
    ),
    (
        ("exposure",),
        "Harm looked for: people of one group stand further down in rankings than people of another, where they are "
        "seen less.",
    ),
    (
        ("impact", "selection", "parity", "disparate"),
        "Harm looked for: people of one group are given the favourable outcome less often than people of "
        "another, so that credit, work or help is kept from them.",
    ),
    (
        ("",),
        "Harm looked for: people of one group fare worse under the model than people of another.",
    ),
)

FAIRNESS_CAUTION = (
    "A figure within its limit does not show that nobody is harmed. "
    "It says that this measurement, on these rows, stayed within the limit the policy sets."
)

NOTICE = (
    "This report shows evidence against a named policy text and its version. "
    "It is not legal advice and passes no legal judgement."
)

TERMS = {
    "alias": "A movable name for one version of a registered model, such as champion.",
    "approval": "A person's recorded yes, with a reason.",
    "artifact": "The bytes a version consists of, named by their digest.",
    "check": "A versioned calculation from a table to figures and findings.",
    "checkpoint": "The size and the root of the trail at one moment, signed by the service. It has "
    "nothing to do with the weights of a model.",
    "confidence": "How often intervals made this way would contain the true figure, if the rows were drawn "
    "again and again.",
    "control": "A line of a law, standard or house rule to which the policy maps a requirement.",
    "digest": "A SHA-256 number computed from bytes: other bytes give another digest.",
    "evidence": "A table or document stored with the version, named by its digest.",
    "finding": "Something a check holds against the version.",
    "gate": "A policy applied to one move of a version.",
    "ideal": "The figure at which the groups would not differ, or nothing would be missing or changed.",
    "inclusion proof": "Hashes which show that one entry lies under a checkpoint.",
    "inconclusive": "The check could not measure, for example because a group has too few rows. It does not "
    "count as passed.",
    "interval": "A range computed around a figure, to say how sure it is with as many rows as there were.",
    "limit": "The figure the policy sets; beyond it a check makes a finding.",
    "policy": "A named set of requirements, in numbered editions that never change.",
    "promotion": "The request to move a version to another stage, and everything that follows from it.",
    "refusal": "A person's recorded no, with a reason.",
    "requirement": "One line of a policy: a check, its parameters, its limits and the age a result may have.",
    "root": "One hash that stands for all entries of the trail up to a size.",
    "stage": "Where a version stands: development, staging, production, suspended or retired.",
    "trail": "The log of everything that happened, in which later changes to earlier entries can be found.",
    "waiver": "A time-limited, reasoned acceptance of one finding.",
    "witness": "A party outside the service that keeps the checkpoints it has seen.",
}


def harm_of(check: str) -> str:
    """The harm a fairness check looks for, or nothing for checks of another family."""
    family, _, name = check.partition(".")
    if family != "fairness":
        return ""
    return next(said for marks, said in HARMS if any(mark in name for mark in marks))


def moment(stamp: object) -> str:
    """An ISO time as a reader says it, in UTC; anything else as it stands."""
    if not stamp:
        return NOT_RECORDED
    try:
        at = datetime.fromisoformat(str(stamp).replace("Z", "+00:00"))
    except ValueError:
        return plain(stamp)
    if at.tzinfo is None:
        return f"{at.day} {at:%B %Y, %H:%M:%S} (no time zone given)"
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y, %H:%M:%S} UTC"


def stamp(time: object) -> str:
    """The same time for a column whose header says that it is UTC: short, and sorted by its letters."""
    try:
        at = datetime.fromisoformat(str(time).replace("Z", "+00:00"))
    except ValueError:
        return plain(time or NOT_RECORDED)
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at.tzinfo else moment(time)


def spoken(name: object) -> str:
    """An identifier such as `impact_ratio` as words."""
    return spoken_name(plain(name)).strip()


def sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def terms_used(texts: Iterable[str]) -> list[tuple[str, str]]:
    """The terms that occur in the texts, in alphabetical order, each with its meaning."""
    everything = " ".join(texts).lower()
    return [
        (term, meaning)
        for term, meaning in TERMS.items()
        if re.search(rf"\b{term.removesuffix('y')}(y|s|es|ies|ed)?\b", everything)
    ]
