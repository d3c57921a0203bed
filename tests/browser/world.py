"""A believable day at the desk: people, a policy, and versions whose figures tell why."""

from dataclasses import dataclass
from typing import Any

from governance.models import Account, Promotion
from governance.roles import Group, Role
from registry.models import ModelVersion, RegisteredModel
from tests import make

PASSWORD = "nine-green-bottles-standing"

POLICY = """\
policy: high-risk
title: High-risk models to production
applies_to: {risk_tier: [high], target: production}
requirements:
  - id: impact-ratio-sex
    title: Men and women are selected at a similar rate
    check: fairness.impact_ratio
    version: 1
    parameters: {attribute: sex, min_ratio: 0.8}
    max_age_days: 90
    controls: [EU AI Act Art. 10(2)(f), 29 CFR 1607.4(D)]
  - id: opportunity-age
    title: Patients who need care are found at every age
    check: fairness.equal_opportunity_gap
    version: 1
    parameters: {attribute: age, max_gap: 0.15}
    controls: [EU AI Act Art. 15]
  - id: accuracy
    title: The model is right often enough
    check: performance.accuracy
    version: 1
    parameters: {min_accuracy: 0.65}
  - id: completeness
    title: Few values are missing
    check: data_quality.completeness
    version: 1
  - id: attributions
    title: No single feature decides alone
    check: explainability.dominant_feature
    version: 1
    advisory: true
approvals:
  - {group: risk, count: 1}
  - {group: compliance, count: 1}
"""


@dataclass(frozen=True)
class Desk:
    """The people, and the model they talk about."""

    pipeline: Account
    analyst: Account
    risk: Account
    compliance: Account
    auditor: Account
    operator: Account
    newcomer: Account
    model: RegisteredModel


def set_up(password: str | None = PASSWORD) -> Desk:
    """Create the people, the policy and the model; without a password nobody can sign in through the page."""
    make.policy(POLICY)
    pipeline = make.contributor()
    people = {
        "analyst": make.account("ines-marquardt", Role.CONTRIBUTOR, groups=(Group.RISK,), password=password),
        "risk": make.reviewer("tobias-okafor", Group.RISK, password=password),
        "compliance": make.reviewer("lena-sorge", Group.COMPLIANCE, password=password),
        "auditor": make.account("amal-verhoeven", Role.AUDITOR, password=password),
        "operator": make.account("piotr-lang", Role.OPERATOR, password=password),
        "newcomer": make.account("nils-neu", password=password),
    }
    return Desk(pipeline=pipeline, model=make.model(pipeline), **people)


def version(desk: Desk, seed: int, *, fair: bool = True, by: Account | None = None) -> ModelVersion:
    """Register a version and deliver figures that pass, or those of a version that left sex and age out."""
    made = make.version(by or desk.pipeline, desk.model, seed)
    if fair:
        make.completed(made, found=figures(0.93, 0.06))
    else:
        make.completed(made, found=figures(0.714, 0.09), fairness_impact_ratio="failed")
    return made


def waiting(desk: Desk, seed: int, by: Account | None = None) -> Promotion:
    """A promotion for which only people are missing; `by` registered the version and asked for it."""
    return make.promotion(by or desk.pipeline, version(desk, seed, by=by))


def blocked(desk: Desk, seed: int, by: Account | None = None) -> Promotion:
    """A promotion with a finding against it; `by` registered the version and asked for it."""
    return make.promotion(by or desk.pipeline, version(desk, seed, fair=False, by=by))


def figures(ratio: float, gap: float) -> dict[str, dict[str, Any]]:
    """What the checks found, by check name."""
    low_rate = round(0.35 * ratio, 4)
    ratios = [
        _measured("impact_ratio", 1.0, "sex/sex 1", 1.0, 1.0, 235, ideal=1.0, limit=0.8),
        _measured("impact_ratio", ratio, "sex/sex 2", ratio - 0.16, ratio + 0.18, 207, ideal=1.0, limit=0.8),
        _measured("smallest_impact_ratio", ratio, "sex", ratio - 0.16, ratio + 0.18, 442, ideal=1.0, limit=0.8),
        _measured("selection_rate", 0.35, "sex/sex 1", 0.29, 0.41, 235),
        _measured("selection_rate", low_rate, "sex/sex 2", low_rate - 0.06, low_rate + 0.06, 207),
    ]
    below = [
        {
            "key": "fairness.impact_ratio/sex/sex 2",
            "severity": "high",
            "sentence": f"sex 2 was selected at a rate of {low_rate:.3f}, sex 1 at 0.350: ratio {ratio:.3f}, "
            "below the limit 0.8.",
            "measurement": "impact_ratio",
        }
    ]
    return {
        "fairness.impact_ratio": {
            "sentence": below[0]["sentence"] if ratio < 0.8 else f"The smallest ratio is {ratio:.3f} (sex 2).",
            "measurements": ratios,
            "findings": below if ratio < 0.8 else [],
        },
        "fairness.equal_opportunity_gap": {
            "sentence": f"The largest gap in true positive rate is {gap:.3f}.",
            "measurements": [
                _measured("equal_opportunity_gap", gap, "age", gap - 0.05, gap + 0.13, 442, ideal=0.0, limit=0.15),
                _measured("true_positive_rate", 0.71, "age/under 40", 0.55, 0.83, 38),
                _measured("true_positive_rate", 0.74, "age/40 to under 55", 0.62, 0.83, 61),
                _measured("true_positive_rate", 0.71 + gap, "age/55 and over", 0.66, 0.93, 49),
            ],
        },
        "performance.accuracy": {
            "sentence": "The model was right for 0.731 of 442 rows.",
            "measurements": [_measured("accuracy", 0.731, None, 0.688, 0.77, 442, ideal=1.0, limit=0.65)],
        },
        "data_quality.completeness": {
            "sentence": "No column lacks more than 0.01 of its values.",
            "measurements": [
                _measured("missing_share", share, name, n=442, ideal=0.0, limit=0.05)
                for name, share in (("bmi", 0.0), ("bp", 0.0045), ("s1", 0.0), ("s5", 0.009))
            ],
        },
        "explainability.dominant_feature": {
            "sentence": "The largest share is 0.312, for s5.",
            "measurements": [
                _measured("attribution_share", share, name, n=400)
                for name, share in (("s5", 0.312), ("bmi", 0.284), ("bp", 0.171), ("s3", 0.104), ("s1", 0.071))
            ],
        },
    }


def _measured(
    name: str,
    value: float,
    group: str | None,
    low: float | None = None,
    high: float | None = None,
    n: int | None = None,
    *,
    ideal: float | None = None,
    limit: float | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "unit": "1",
        "group": group,
        "low": low,
        "high": high,
        "level": 0.95,
        "n": n,
        "ideal": ideal,
        "limit": limit,
        "note": "",
    }
