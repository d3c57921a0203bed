"""A policy is read exactly, and everything that is wrong with it is said at once, with line and column."""

from pathlib import Path

import pytest

from governance.policy_format import MalformedPolicy, parse_policy, policy_schema
from governance.services.policies import check_problem, read_policy
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
    assert policy.requirements
    assert policy.approvals


def test_the_policy_of_the_how_to_can_be_published() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "write-a-policy.md").read_text()
    assert read_policy(page.split("```yaml\n")[1].split("```")[0]).name == "high-risk"


def test_the_shipped_tiers_have_different_rules() -> None:
    by_name = {path.stem: read_policy(path.read_text()) for path in SHIPPED if path.parent.name == "policies"}
    assert set(by_name) == {"minimal-risk", "limited-risk", "high-risk"}
    sizes = [len(by_name[name].requirements) for name in ("minimal-risk", "limited-risk", "high-risk")]
    assert sizes == sorted(set(sizes))


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
