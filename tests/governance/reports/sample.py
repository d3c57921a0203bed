"""A believable file of a version: a credit model that was refused once and is blocked now.

The bank, the people and the figures are invented.
"""

import copy
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 2, 8, 15, 0, tzinfo=UTC)


def sha256(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def at(hours: float) -> str:
    return (START + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def measurement(name: str, value: float | None, **more: Any) -> dict[str, Any]:
    empty = {"group": None, "low": None, "high": None, "n": None, "ideal": None, "limit": None}
    return {"name": name, "value": value, "unit": "1", "level": 0.95, "note": "", **empty, **more}


def requirement(id: str, title: str, check: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "title": title,
        "check": check,
        "check_version": 1,
        "parameters": {},
        "blocking": True,
        "controls": [],
        "state": "satisfied",
        "outcome": "passed",
        "sentence": "",
        "measurements": [],
        "findings": [],
        "notes": [],
        "run_uid": f"run-{sha256(id)[:12]}",
        "completed_at": at(2),
        **more,
    }


def requirements() -> list[dict[str, Any]]:
    ratio = {"ideal": 1.0, "limit": 0.8}
    gap = {"ideal": 0.0, "limit": 0.1}
    return [
        requirement(
            "impact-ratio-sex",
            "Offer rate of women against men",
            "fairness.impact_ratio",
            parameters={"min_ratio": 0.8, "min_rows": 30},
            controls=["EU AI Act Art. 10(2)(f)", "29 CFR 1607.4(D)"],
            state="block",
            outcome="failed",
            sentence="Women are offered a loan 0.769 times as often as men; the policy accepts no less than 0.8.",
            measurements=[
                measurement("selection_rate", 0.4623076923, group="sex: Female", low=0.441, high=0.4837, n=2081),
                measurement("selection_rate", 0.6012, group="sex: Male", low=0.5827, high=0.6194, n=2703),
                measurement("selection_rate", 0.5366, group="sex: not stated", low=0.3875, high=0.6795, n=41),
                measurement("impact_ratio", 0.76897486, group="sex: Female", low=0.7265, high=0.8139, n=2081, **ratio),
                measurement("impact_ratio", 1.0, group="sex: Male", n=2703, **ratio),
                measurement("impact_ratio", 0.8925, group="sex: not stated", low=0.6446, high=1.1303, n=41, **ratio),
            ],
            findings=[
                {
                    "key": "fairness.impact_ratio/sex/Female",
                    "severity": "high",
                    "sentence": "Women are offered a loan less often than men, beyond the limit of 0.8.",
                    "measurement": "impact_ratio",
                }
            ],
            notes=["41 applicants did not state their sex; they are shown as a group of their own."],
        ),
        requirement(
            "equal-opportunity-age",
            "Recognition of repaying applicants by age",
            "fairness.equal_opportunity_gap",
            parameters={"max_gap": 0.1, "min_positives": 30},
            controls=["EU AI Act Art. 15"],
            sentence="Among applicants who repaid, no age group was recognised more than 0.1 less often than "
            "the best one.",
            measurements=[
                measurement("true_positive_gap", 0.0, group="age: 40 to under 55", n=912, **gap),
                measurement("true_positive_gap", 0.0412, group="age: under 40", low=0.0121, high=0.0709, n=1480, **gap),
                measurement(
                    "true_positive_gap",
                    0.0873,
                    group="age: 55 and over",
                    low=0.0415,
                    high=0.1342,
                    n=377,
                    **gap,
                ),
            ],
        ),
        requirement(
            "missing-values",
            "Missing values",
            "data_quality.missing_values",
            parameters={"max_share": 0.02},
            controls=["EU AI Act Art. 10(3)"],
            sentence="No column lacks more than 2 in 100 values.",
            measurements=[
                measurement("missing_share", share, group=name, n=4825, ideal=0.0, limit=0.02)
                for name, share in (
                    ("income", 0.0118134715),
                    ("employment_months", 0.0074611399),
                    ("age", 0.0),
                    ("debt_to_income", 0.0004145078),
                )
            ],
        ),
        requirement(
            "attributions",
            "Weight of single features",
            "explainability.attribution_share",
            parameters={"max_share": 0.5},
            controls=["EU AI Act Art. 13", "12 CFR 1002.9(b)(2)"],
            sentence="The largest share of the explanation is 0.342, for debt_to_income.",
            measurements=[
                measurement("attribution_share", share, group=name, n=500, ideal=0.0, limit=0.5)
                for name, share in (
                    ("debt_to_income", 0.3421),
                    ("income", 0.2788),
                    ("employment_months", 0.1903),
                    ("late_payments_24m", 0.1266),
                    ("age", 0.0622),
                )
            ],
        ),
        requirement(
            "drift-reference",
            "Drift against the training period",
            "drift.population_stability",
            parameters={"max_index": 0.2, "min_rows": 500},
            controls=["SR 26-2, ongoing monitoring"],
            state="block",
            outcome="inconclusive",
            sentence="The reference table has 312 rows, fewer than the 500 that the policy asks for.",
            measurements=[measurement("population_stability_index", None, group="income", ideal=0.0, limit=0.2)],
            notes=["Provide a reference table of at least 500 rows and order the check again."],
        ),
    ]


def promotions() -> list[dict[str, Any]]:
    return [
        {
            "uid": "prm-3f0c51",
            "target": "staging",
            "requested_by": "pipeline credit-train",
            "requested_at": at(3),
            "state": "promoted",
            "decisions": [
                {
                    "outcome": "allow",
                    "at": at(3),
                    "reasons": [
                        {
                            "code": "satisfied",
                            "requirement": "missing-values",
                            "sentence": "No column lacks more than 2 in 100 values.",
                        }
                    ],
                }
            ],
            "approvals": [],
        },
        {
            "uid": "prm-8d2a07",
            "target": "production",
            "requested_by": "Ines Marquardt",
            "requested_at": at(26),
            "state": "refused",
            "decisions": [
                {
                    "outcome": "wait",
                    "at": at(26),
                    "reasons": [
                        {
                            "code": "approvals_missing",
                            "requirement": None,
                            "sentence": "Two approvals are missing.",
                        }
                    ],
                },
                {
                    "outcome": "block",
                    "at": at(50),
                    "reasons": [
                        {
                            "code": "refused",
                            "requirement": None,
                            "sentence": "Tobias Okafor refused for model risk.",
                        }
                    ],
                },
            ],
            "approvals": [
                {
                    "by": "Lena Sorge",
                    "group": "credit product",
                    "verdict": "approved",
                    "reason": "The margin matches the product plan for the first quarter.",
                    "at": at(30),
                },
                {
                    "by": "Tobias Okafor",
                    "group": "model risk",
                    "verdict": "refused",
                    "reason": "The gap between women and men is not explained. Please measure it on the full "
                    "autumn sample before asking again.",
                    "at": at(50),
                },
            ],
        },
        {
            "uid": "prm-b91e44",
            "target": "production",
            "requested_by": "Ines Marquardt",
            "requested_at": at(120),
            "state": "open",
            "decisions": [
                {
                    "outcome": "block",
                    "at": at(121),
                    "reasons": [
                        {
                            "code": "finding",
                            "requirement": "impact-ratio-sex",
                            "sentence": "Women are offered a loan 0.769 times as often as men; the policy "
                            "accepts no less than 0.8.",
                        },
                        {
                            "code": "inconclusive",
                            "requirement": "drift-reference",
                            "sentence": "The reference table has 312 rows, fewer than the 500 that the "
                            "policy asks for.",
                        },
                        {
                            "code": "satisfied",
                            "requirement": "missing-values",
                            "sentence": "No column lacks more than 2 in 100 values.",
                        },
                        {
                            "code": "approvals_missing",
                            "requirement": None,
                            "sentence": "One of two approvals is missing: model risk.",
                        },
                    ],
                }
            ],
            "approvals": [
                {
                    "by": "Lena Sorge",
                    "group": "credit product",
                    "verdict": "approved",
                    "reason": "The autumn sample is complete.",
                    "at": at(122),
                }
            ],
        },
    ]


HISTORY = [
    (
        "version.registered",
        "pipeline credit-train",
        "Version 7 was registered with its artifact and two tables.",
    ),
    (
        "check_run.ordered",
        "pipeline credit-train",
        "Five check runs were ordered under high-risk-credit, edition 3.",
    ),
    ("check_run.completed", "worker", "fairness.impact_ratio failed on the evaluation table."),
    ("check_run.completed", "worker", "fairness.equal_opportunity_gap passed on the evaluation table."),
    ("check_run.completed", "worker", "data_quality.missing_values passed on the evaluation table."),
    ("check_run.completed", "worker", "explainability.attribution_share passed on uploaded attributions."),
    ("check_run.completed", "worker", "drift.population_stability was inconclusive: too few reference rows."),
    ("promotion.requested", "pipeline credit-train", "The move to staging was asked for."),
    ("gate.decided", "gate", "The gate allowed the move to staging."),
    ("version.moved", "gate", "Version 7 moved from development to staging."),
    ("alias.assigned", "Ines Marquardt", "The alias challenger now names version 7."),
    ("promotion.requested", "Ines Marquardt", "The move to production was asked for."),
    ("gate.decided", "gate", "The gate waited for two approvals."),
    ("approval.given", "Lena Sorge", "Credit product approved the move to production."),
    ("approval.refused", "Tobias Okafor", "Model risk refused the move to production."),
    ("gate.decided", "gate", "The gate blocked the move to production."),
    ("evidence.added", "Ines Marquardt", "The autumn sample was stored as evaluation table."),
]


def history(length: int = 30) -> list[dict[str, Any]]:
    lines = []
    for position in range(length):
        action, actor, sentence = HISTORY[position % len(HISTORY)]
        lines.append(
            {
                "index": 1204 + 3 * position,
                "recorded_at": at(position * 4),
                "actor": actor,
                "action": action,
                "subject": "consumer-credit-default/7",
                "sentence": sentence,
            }
        )
    return lines


POLICY_TEXT = """name: high-risk-credit
title: Models that decide on consumer credit
requirements:
  - id: impact-ratio-sex
    check: fairness.impact_ratio
    parameters: {min_ratio: 0.8, min_rows: 30}
    blocking: true
approvals:
  - group: credit product
  - group: model risk
"""

CHECKPOINT = """countersign.harborline.example/trail
1294
8TR0c2Mq0Ww4Y1r0yQ0bmq8oJmWQ3c1h2Hq1m1m9nXk=

— countersign.harborline.example/trail E/ec/GJvb3Jkcy1mb3ItYS1zaWduYXR1cmUtd2hpY2gtaXMtaW52ZW50ZWQtaGVyZQ==
"""


def version_file(**changes: Any) -> dict[str, Any]:
    """The file of version 7; keyword arguments replace whole parts of it."""
    columns = [
        {"name": "approved", "type": "int64", "roles": ["prediction"]},
        {"name": "repaid", "type": "int64", "roles": ["label"]},
        {"name": "sex", "type": "string", "roles": ["sensitive"]},
        {"name": "age", "type": "int64", "roles": ["sensitive", "feature"]},
        {"name": "income", "type": "double", "roles": ["feature"]},
    ]
    file = {
        "generated_at": at(126.5),
        "generator": "Countersign 0.1.0",
        "origin": "countersign.harborline.example",
        "requested_by": "Amal Verhoeven, internal audit",
        "model": {
            "name": "consumer-credit-default",
            "owner": "Credit Risk Analytics",
            "risk_tier": "high",
            "task": "binary",
            "description": "Estimates whether an applicant repays a consumer loan of up to 30,000 euros.",
            "intended_use": "Advice to a credit officer, who decides. Not for mortgages or businesses.",
        },
        "version": {
            "number": 7,
            "artifact_sha256": sha256("artifact"),
            "artifact_format": "onnx",
            "registered_by": "pipeline credit-train",
            "registered_at": at(0),
            "stage": "staging",
            "aliases": ["challenger"],
            "source": "git.harborline.example/credit/default@5d1c9e2",
        },
        "evidence": [
            {
                "purpose": "artifact",
                "name": "model.onnx",
                "sha256": sha256("artifact"),
                "size": 4812330,
                "rows": None,
                "columns": [],
            },
            {
                "purpose": "evaluation",
                "name": "autumn-sample.parquet",
                "sha256": sha256("evaluation"),
                "size": 318204,
                "rows": 4825,
                "columns": columns,
            },
            {
                "purpose": "reference",
                "name": "training-period.csv",
                "sha256": sha256("reference"),
                "size": 20114,
                "rows": 312,
                "columns": columns[2:],
            },
        ],
        "policies": [
            {
                "name": "high-risk-credit",
                "number": 3,
                "title": "Models that decide on consumer credit",
                "sha256": sha256("policy"),
                "text": POLICY_TEXT,
            }
        ],
        "requirements": requirements(),
        "promotions": promotions(),
        "gaps": [
            "Drift against the training period is not measured: the reference table has 312 rows, the policy "
            "asks for 500 (drift-reference).",
            "Model risk has not signed the open request to move to production.",
            "An earlier request to move to production was refused by Tobias Okafor for model risk.",
        ],
        "history": history(),
        "trail": {
            "origin": "countersign.harborline.example/trail",
            "size": 1294,
            "root": "8TR0c2Mq0Ww4Y1r0yQ0bmq8oJmWQ3c1h2Hq1m1m9nXk=",
            "checkpoint": CHECKPOINT,
            "key_fingerprint": "sha256:" + sha256("key"),
            "witnessed_size": 1280,
            "unwitnessed": 14,
        },
    }
    return copy.deepcopy({**file, **changes})


HOSTILE = (
    '=HYPERLINK("https://attacker.example","x")',
    "<script>alert(1)</script>",
    '#read("/etc/passwd")',
    "*bold* _it_ $y$ @label `raw`",
    "a\u202eb",
    "信用 😀",
    "x" * 150,
    '"]}, {"a": "\\u0022',
    "{{ 7*7 }}{% debug %}",
)


def hostile_file(text: str) -> dict[str, Any]:
    """The same file with one hostile text in every place a person or a pipeline can write."""
    file = version_file(requested_by=text, origin=text)
    file["model"].update(name=text, owner=text, description=text, intended_use=text)
    file["version"].update(aliases=[text], source=text, registered_by=text)
    file["evidence"][1].update(name=text)
    file["evidence"][1]["columns"][0].update(name=text, type=text)
    file["policies"][0].update(name=text, title=text, text=text)
    first = file["requirements"][0]
    first.update(title=text, sentence=text, controls=[text], notes=[text], parameters={text: text})
    first["measurements"][3].update(group=text, note=text)
    first["findings"][0].update(sentence=text, key=text)
    file["promotions"][2].update(requested_by=text, target=text)
    file["promotions"][2]["decisions"][0]["reasons"][0].update(sentence=text, code=text)
    file["promotions"][2]["approvals"][0].update(by=text, group=text, reason=text)
    file["gaps"].append(text)
    file["history"][0].update(actor=text, action=text, sentence=text, subject=text)
    return file
