"""A policy is read exactly, and everything that is wrong with it is said at once, with line and column."""

import re
from pathlib import Path

import pytest

from governance.policy_format import MalformedPolicy, parse_policy, policy_schema, reference
from governance.services.policies import check_problem, read_policy
from registry.models import EntryType, RiskTier
from tests.make import POLICY

SHIPPED = sorted((Path(__file__).parents[2] / "governance").glob("*/*.yaml"))


def errors(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(MalformedPolicy) as caught:
        parse_policy(text, validate_check=check_problem)
    return [(error.line, error.column, error.sentence) for error in caught.value.errors]


def test_a_policy_says_what_it_guards_and_what_it_asks() -> None:
    policy = read_policy(POLICY)
    assert (policy.name, policy.scope.risk_tiers, policy.scope.target) == ("high-risk", ("high",), "production")
    assert [requirement.id for requirement in policy.requirements] == ["impact-ratio", "accuracy"]
    assert policy.requirements[0].parameters == {"attribute": "sex", "min_ratio": 0.8}
    assert [(factor.group, factor.count) for factor in policy.approvals] == [("risk", 1), ("compliance", 1)]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_shipped_policy_can_be_published(path: Path) -> None:
    policy = read_policy(path.read_text())
    assert policy.lines
    assert policy.approvals


def test_the_policy_of_the_how_to_can_be_published() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "write-a-policy.md").read_text()
    assert read_policy(page.split("```yaml\n")[1].split("```")[0]).name == "high-risk"


def test_the_shipped_tiers_have_different_rules() -> None:
    by_name = {path.stem: read_policy(path.read_text()) for path in SHIPPED if path.parent.name == "policies"}
    assert set(by_name) == {"minimal-risk", "limited-risk", "high-risk", "generative"}
    sizes = [len(by_name[name].lines) for name in ("minimal-risk", "limited-risk", "high-risk")]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("tier", RiskTier.values)
@pytest.mark.parametrize("entry_type", EntryType.values)
def test_exactly_one_shipped_policy_guards_each_way_to_production(entry_type: str, tier: str) -> None:
    guarding = [
        policy.name
        for path in SHIPPED
        if path.parent.name == "policies"
        for policy in [read_policy(path.read_text())]
        if policy.scope.covers_model(risk_tier=tier, task="binary", entry_type=entry_type, tags={})
        and policy.scope.covers_move(target="production", alias="champion", rollout="full")
    ]
    assert guarding == [f"{tier}-risk" if entry_type == EntryType.TRAINED_MODEL else "generative"]


def test_a_text_that_was_accepted_once_is_read_whatever_the_rules_are_now() -> None:
    text = POLICY.replace("fairness.impact_ratio", "fairness.gone").replace("id: accuracy", "id: soak")
    assert [line.id for line in parse_policy(text, validate_check=None).lines] == ["impact-ratio", "soak"]


@pytest.mark.parametrize(
    ("old", "new", "at", "sentence"),
    [
        ("version: 1,", "version: one,", "one", "requirements.0.version: 'one' is not of type 'integer'"),
        ("tier: [high]", "tier: [enormous]", "enormous", "'enormous' is not one of"),
        ("target: production", "target: moon", "moon", "'moon' is not one of"),
        ("fairness.impact_ratio", "fairness.niceness", "fairness.niceness", 'There is no check "fairness.niceness"'),
        ("min_ratio: 0.8", "min_ratio: 8", "fairness.impact_ratio", '"min_ratio" of fairness.impact_ratio: 8'),
        ("min_ratio: 0.8", "minimal: 0.8", "fairness.impact_ratio", "there is no such parameter"),
        ("id: accuracy", "id: impact-ratio", "impact-ratio, title: The", "the id 'impact-ratio' is used twice"),
        ("group: compliance", "group: risk", "risk, count: 1}\n", "the group 'risk' is named twice"),
        ("title: High", "tittle: High", "policy:", "'title' is a required property"),
        ("group: compliance", "group: wizards", "wizards", "'wizards' is not one of"),
        ("id: accuracy", "id: soak", "soak, title", "the id 'soak' is the gate's own"),
        ("target: production", "target: staging, rollout: [full]", "[full]", "only production knows a rollout"),
        ("approvals:", "soak: {stage: staging, rollout: canary, hours: 5}\napprovals:", "canary", "not staging"),
        ("approvals:", "recertification: {every_days: 30}\napprovals:", "30}", "due all the time"),
        ("max_age_days: 90", "max_age_days: 0", "0}\n", "0 is less than the minimum of 1"),
        ("max_age_days: 90", "max_age_days: 4000", "4000", "4000 is greater than the maximum"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, at: str, sentence: str) -> None:
    text = POLICY.replace(old, new, 1)
    before = text[: text.rindex(at)]
    place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    found = errors(text)
    assert any((line, column) == place and sentence in said for line, column, said in found), (place, found)


def test_every_error_is_reported_at_once() -> None:
    text = POLICY.replace("risk_tier: [high]", "risk_tier: []").replace("count: 1", "count: 0")
    assert len(errors(text)) == 3


def test_what_cannot_be_meant_is_said_beside_what_has_the_wrong_form() -> None:
    text = POLICY.replace("count: 1", "count: none", 1).replace("fairness.impact_ratio", "fairness.luck")
    text = text.replace("target: production", "target: moon").replace("id: accuracy", "id: soak")
    text += "soak: {stage: development, rollout: shadow, hours: 2}\n"
    said = [sentence for _, _, sentence in errors(text)]
    assert len(said) == 5
    assert any("There is no check" in sentence for sentence in said)


ALONE = """\
policy: one
title: One
applies_to: {target: %s}
requirements: []
documents: [{id: card, title: It has a card, kind: model_card%s}]
%s
"""


@pytest.mark.parametrize(
    ("target", "line", "rest", "sentence"),
    [
        ("production", ", advisory: true", "", "only advises"),
        ("production", "", "approval_days: 3", "approval_days is about approvals, and the policy asks for none"),
        ("production", "", "separation: [policy_author]", "separation is about approvals"),
        ("production", "", "sign_off: {reauthenticate: true}", "sign_off is about approvals"),
        ("production", "", "approval_order: ordered", "approval_order is about approvals"),
        ("staging", "", "soak: {stage: production, hours: 1}", "no move leads from production to staging"),
        ("staging", "", "recertification: {every_days: 90}", "only versions in production are certified anew"),
        (
            "production, rollout: [shadow, full]",
            "",
            "soak: {stage: production, rollout: canary, hours: 1}",
            "a rollout does not go back from canary to shadow",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(target: str, line: str, rest: str, sentence: str) -> None:
    assert parse_policy(ALONE % ("production", "", ""), validate_check=check_problem).name == "one"
    assert [said for _, _, said in errors(ALONE % (target, line, rest)) if sentence in said]
    assert len(errors(ALONE % (target, line, rest))) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the document is empty"),
        ("a: [1", "not YAML"),
        ("just words", "is not of type 'object'"),
        ("policy: a\npolicy: b\n", "'policy' is given twice"),
        ("!!python/object/apply:os.system ['true']", "not YAML"),
    ],
)
def test_what_is_no_policy_is_refused(text: str, sentence: str) -> None:
    assert any(sentence in said for _, _, said in errors(text))


def test_every_property_of_the_schema_says_what_it_means() -> None:
    def described(schema: dict, path: str = "") -> list[str]:  # type: ignore[type-arg]
        missing = []
        for name, property_ in schema.get("properties", {}).items():
            property_ = policy_schema()["$defs"]["controls"] if "$ref" in property_ else property_
            if "description" not in property_:
                missing.append(f"{path}.{name}")
            missing += described(property_, f"{path}.{name}") + described(property_.get("items", {}), f"{path}.{name}")
        return missing

    assert described(policy_schema()) == []


def test_the_reference_of_policies_is_the_one_made_from_the_schema() -> None:
    written = (Path(__file__).parents[2] / "docs" / "reference" / "policies.md").read_text()
    assert written == reference.page(), "run python -m governance.policy_format.reference > docs/reference/policies.md"


def test_the_defaults_of_the_schema_are_those_a_policy_is_read_with() -> None:
    text = ALONE % ("production", "", "approvals: [{group: risk, count: 1}]\nrecertification: {every_days: 90}")
    text = text.replace(
        "requirements: []", "requirements: [{id: a, title: A, check: performance.accuracy, version: 1}]"
    )
    spelt = text.replace("version: 1}", "version: 1, evidence: evaluation, advisory: false, waivable: true}")
    spelt = spelt.replace("kind: model_card}", "kind: model_card, advisory: false, waivable: true}")
    spelt = spelt.replace("count: 1}", "count: 1, veto: true}").replace(
        "every_days: 90}", "every_days: 90, notice_days: 30, grace_days: 14, overdue: warn}"
    )
    spelt += "approval_order: parallel\nbreak_glass: true\nwaivers: {max_days: 90}\n"
    assert read_policy(text) == read_policy(spelt)
    said = re.findall(r"^\| `(\w+)` \|[^|]*\| `(\w+)` \|", reference.page(), re.MULTILINE)
    assert {f"{name}: {default}" for name, default in said} == {
        *("evidence: evaluation", "advisory: false", "waivable: true", "veto: true", "approval_order: parallel"),
        *("break_glass: true", "notice_days: 30", "grace_days: 14", "overdue: warn"),
    }
