"""Figures on real data, read through the API, are the published ones.

The tables go in and the figures come out by HTTP; the checks run in the locked child process, as in production.
Sources and published values: the README beside the data.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from fairlearn import metrics
from rest_framework.test import APIClient

from audits.runs import Job
from audits.tasks import run_checks
from governance.models import Account
from governance.roles import Verb
from tests import make
from tests.shared_data import shared_data

pytestmark = pytest.mark.django_db(transaction=True)

CHECKS = (
    ("fairness.selection_rate", {}),
    ("fairness.impact_ratio", {"min_group_size": 1}),
    ("fairness.demographic_parity_difference", {"min_group_size": 1}),
    ("fairness.equalized_odds_difference", {"min_positives": 1, "min_negatives": 1}),
    ("performance.accuracy", {}),
    ("data_quality.completeness", {}),
    ("data_quality.duplicate_rows", {}),
)
POLICY = json.dumps(
    {
        "policy": "figures",
        "title": "Every figure",
        "applies_to": {"risk_tier": ["minimal"], "target": "production"},
        "requirements": [
            {"id": f"r{number}", "title": name, "check": name, "version": 1, "parameters": parameters}
            for number, (name, parameters) in enumerate(CHECKS)
        ],
    }
)
Figures = dict[tuple[str, str, str | None], float]


@pytest.fixture
def pipeline() -> Account:
    make.policy(POLICY)
    return make.contributor()


@pytest.fixture
def client(pipeline: Account) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make.token(pipeline, Verb.READ, Verb.REGISTER)}")
    return client


@pytest.fixture
def figures(client: APIClient, pipeline: Account) -> Callable[..., Figures]:
    """Hand a table in, let a worker check it, and read every figure: (check, name, group) → value."""

    def measured(content: bytes, columns: dict[str, Any]) -> Figures:
        sha256 = hashlib.sha256(content).hexdigest()
        url = f"/api/v1/blobs/{sha256}"
        answer = client.generic("PUT", url, content, content_type="application/octet-stream")
        assert answer.status_code in {200, 201}, answer.content
        declaration = {"task": "binary", "favourable": 1, "columns": columns}
        table = _posted(
            client,
            "/api/v1/evidence",
            {
                "kind": "table",
                "sha256": sha256,
                "name": "table.csv",
                "format": {"format": "csv"},
                "declaration": declaration,
            },
        )
        name = f"model-{sha256[:12]}"
        _posted(client, "/api/v1/models", {"name": name, "risk_tier": "minimal", "task": "binary"})
        artifact = str(make.artifact(pipeline).uid)
        _posted(
            client, f"/api/v1/models/{name}/versions", {"artifact": artifact, "tables": {"evaluation": table["uid"]}}
        )
        assert all(run_checks(str(job.batch)) for job in Job.objects.filter(state="waiting"))
        runs = client.get(f"/api/v1/models/{name}/versions/1/checks").json()["items"]
        return {
            (run["check"], measurement["name"], measurement["group"]): measurement["value"]
            for run in runs
            for measurement in run["measurements"]
        }

    return measured


def _posted(client: APIClient, url: str, document: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(url, document, format="json")
    assert answer.status_code in {200, 201}, answer.content
    return dict(answer.json())


def reference(name: str) -> dict[str, Any]:
    return dict(json.loads(shared_data("reference_numbers.json").read_text())[name])


def test_decisions_of_the_random_forest_on_adult(figures: Callable[..., Figures]) -> None:
    path = shared_data("adult_random_forest_predictions.csv")
    found = figures(
        path.read_bytes(),
        {
            "y_true": {"roles": ["label"]},
            "y_pred": {"roles": ["prediction"]},
            "sex": {"roles": ["sensitive"]},
            "race": {"roles": ["sensitive"]},
        },
    )
    rows = pd.read_csv(path)
    for attribute in ("sex", "race"):
        published = reference(f"adult_rf_{attribute}")
        for group, numbers in published["by_group"].items():
            name = f"{attribute}/{group}"
            assert found["fairness.selection_rate", "selection_rate", name] == _printed(numbers["selection_rate"])
            odds = "fairness.equalized_odds_difference"
            assert found[odds, "true_positive_rate", name] == _printed(numbers["tpr"])
            assert found[odds, "false_positive_rate", name] == _printed(numbers["fpr"])
        y = {"y_true": rows["y_true"], "y_pred": rows["y_pred"], "sensitive_features": rows[attribute]}
        for key, printed, defined in (
            (
                ("fairness.demographic_parity_difference", "demographic_parity_difference", attribute),
                published["demographic_parity_difference"],
                metrics.demographic_parity_difference(**y),
            ),
            (
                ("fairness.impact_ratio", "smallest_impact_ratio", attribute),
                published["demographic_parity_ratio"],
                metrics.demographic_parity_ratio(**y),
            ),
            (
                ("fairness.equalized_odds_difference", "equalized_odds_difference", attribute),
                published["equalized_odds_difference"],
                metrics.equalized_odds_difference(**y),
            ),
        ):
            assert found[key] == _printed(printed)
            assert found[key] == pytest.approx(defined, abs=1e-12)
    assert found["performance.accuracy", "accuracy", None] == _printed(reference("adult_rf_sex")["overall"]["accuracy"])


@pytest.mark.parametrize("part", ["train", "test"])
def test_adult_itself(figures: Callable[..., Figures], part: str) -> None:
    content = shared_data(f"adult_{part}.csv.gz").read_bytes()
    sensitive = {name: {"roles": ["sensitive"]} for name in ("sex", "race")}
    others = ("workclass", "occupation", "native_country", "age", "final_weight", "education", "education_years",
              "marital_status", "relationship", "capital_gain", "capital_loss", "hours_per_week")  # fmt: skip
    columns = {"income_over_50k": {"roles": ["prediction"]}, **sensitive, **{n: {"roles": ["feature"]} for n in others}}
    found = figures(content, columns)
    published = reference(f"adult_{part}")
    for attribute in ("sex", "race"):
        for group, numbers in published[attribute].items():
            rate = found["fairness.selection_rate", "selection_rate", f"{attribute}/{group}"]
            assert rate == _printed(numbers["rate"])
    parity = "fairness.demographic_parity_difference"
    assert found[parity, "demographic_parity_difference", "sex"] == _printed(published["dp_difference_sex"])
    assert found[parity, "demographic_parity_difference", "race"] == _printed(published["dp_difference_race"])
    assert found["fairness.impact_ratio", "impact_ratio", "sex/Female"] == _printed(published["impact_ratio_female"])
    rows = pd.read_csv(shared_data(f"adult_{part}.csv.gz"))
    for column, blanks in published["missing"].items():
        share = found["data_quality.completeness", "missing_share", column]
        assert share == pytest.approx(blanks / len(rows), abs=1e-12)
    duplicates = found["data_quality.duplicate_rows", "duplicate_share", None]
    assert duplicates == pytest.approx(published["duplicate_rows"] / len(rows), abs=1e-12)


def test_german_credit(figures: Callable[..., Figures]) -> None:
    found = figures(
        shared_data("german_credit.csv").read_bytes(),
        {
            "good_credit": {"roles": ["prediction"]},
            "sex": {"roles": ["sensitive"]},
            "age_years": {"roles": ["sensitive"], "bands": [25]},
            "foreign_worker": {"roles": ["sensitive"]},
        },
    )
    published = reference("german")
    names = {
        "sex/female": ("sex", "female"),
        "sex/male": ("sex", "male"),
        "age_years/under 25": ("age_25", "under 25"),
        "age_years/25 and over": ("age_25", "25 or more"),
        "foreign_worker/yes": ("foreign_worker", "yes"),
        "foreign_worker/no": ("foreign_worker", "no"),
    }
    for group, (attribute, printed) in names.items():
        rate = found["fairness.selection_rate", "selection_rate", group]
        assert rate == _printed(published[attribute][printed]["rate"])
    parity = "fairness.demographic_parity_difference"
    assert found[parity, "demographic_parity_difference", "sex"] == _printed(published["dp_difference_sex"])
    assert found[parity, "demographic_parity_difference", "age_years"] == _printed(published["dp_difference_age_25"])
    ratio = "fairness.impact_ratio"
    assert found[ratio, "smallest_impact_ratio", "sex"] == _printed(published["impact_ratio_sex"])
    assert found[ratio, "smallest_impact_ratio", "age_years"] == _printed(published["impact_ratio_age_25"])


def _printed(value: float) -> object:
    """Equal to the published figure in its six printed decimals."""
    return pytest.approx(value, abs=5.1e-7)
