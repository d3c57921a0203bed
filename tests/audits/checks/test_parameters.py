"""What may a policy write for the parameters of a check?"""

import pytest

from audits.checks import UnusableParameters, check, get_check
from audits.checks.statistics import GroupCounts


def test_defaults_fill_what_a_policy_leaves_out() -> None:
    resolved = get_check("fairness.equal_opportunity_gap", 1).resolve({"max_gap": 0.2})
    assert resolved == {
        "attribute": None,
        "max_gap": 0.2,
        "min_ratio": None,
        "min_positives": 30,
        "leave_out": (),
        "decide_on": "estimate",
        "simultaneous": False,
    }


@pytest.mark.parametrize(
    ("given", "parameter", "reason"),
    [
        ({"max_gap": 1.5}, "max_gap", "a number from 0 to 1"),
        ({"max_gap": "0.1"}, "max_gap", "a number from 0 to 1"),
        ({"max_gap": True}, "max_gap", "a number from 0 to 1"),
        ({"max_gap": float("nan")}, "max_gap", "a number from 0 to 1"),
        ({"max_gap": None}, "max_gap", "a number from 0 to 1"),
        ({"min_positives": 0}, "min_positives", "a whole number, at least 1"),
        ({"min_positives": 30.0}, "min_positives", "a whole number, at least 1"),
        ({"decide_on": "middle"}, "decide_on", 'one of "estimate", "lower", "upper"'),
        ({"leave_out": "Other"}, "leave_out", "a list of texts"),
        ({"attribute": 3}, "attribute", "a text or null"),
        ({"max_gaps": 0.1}, "max_gaps", "no such parameter; it takes attribute, max_gap"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(given: dict[str, object], parameter: str, reason: str) -> None:
    with pytest.raises(UnusableParameters) as refusal:
        get_check("fairness.equal_opportunity_gap", 1).resolve(given)
    assert refusal.value.parameter == parameter
    assert refusal.value.check == "fairness.equal_opportunity_gap"
    assert reason in str(refusal.value)


def test_a_whole_number_is_taken_where_a_number_is_asked_for() -> None:
    assert get_check("performance.accuracy", 1).resolve({"min_accuracy": 1})["min_accuracy"] == 1.0


def test_a_check_whose_parameter_has_no_default_or_no_plain_type_is_refused() -> None:
    def without_default(counts: GroupCounts, *, limit: float) -> None:
        """Measure nothing."""

    def strange(counts: GroupCounts, *, limit: bytes = b"") -> None:
        """Measure nothing."""

    with pytest.raises(TypeError, match="limit needs a default"):
        check("fairness.nothing", version=1, needs=GroupCounts)(without_default)
    with pytest.raises(TypeError, match="not a type that a policy can write"):
        check("fairness.nothing", version=1, needs=GroupCounts)(strange)
