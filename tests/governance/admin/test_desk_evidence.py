"""Documents and tables are handed in from the version's page, and declared tables attached."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from audits.evidence import Evidence
from audits.runs import CheckRun
from governance.models import Account, ApprovalLapse
from registry.models import EvidenceAttachment
from registry.selectors import get_version
from tests import make
from tests.browser import world
from tests.browser.world import Desk
from tests.governance.admin.acting import at, done, shown, told

SignedIn = Callable[[Account], Client]


def file(content: bytes = make.DPIA.encode(), name: str = "dpia.md") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_a_document_joins_the_evidence_and_lapses_what_was_approved_before(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    make.approved([desk.risk], promotion)
    client = signed_in(desk.analyst)
    assert "they lapse, because the evidence is no longer what was seen" in shown(
        client, at(promotion.version, "attach-document")
    )
    response = done(client, at(promotion.version, "attach-document"), kind="dpia", file=file())
    assert told(response) == "dpia.md belongs to the evidence of care-programme 1 now."
    declared = Evidence.objects.get(name="dpia.md")
    assert declared.declaration == {"document": "dpia", "sections": ["Data protection", "Purpose", "Risks"]}
    assert get_version("care-programme", 1).documents["dpia"]["uid"] == str(declared.uid)
    assert ApprovalLapse.objects.get().because == "evidence"
    again = done(client, at(promotion.version, "attach-document"), kind="dpia", file=file())
    assert again.status_code == 302
    assert EvidenceAttachment.objects.filter(purpose="dpia").count() == 1


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"kind": "dpia"}, "This field is required."),
        ({"kind": "poem", "file": file()}, "Select a valid choice."),
        ({"kind": "dpia", "file": file(b"")}, "The submitted file is empty."),
        ({"kind": "dpia", "file": file(b" \n ")}, "blank"),
        ({"kind": "dpia", "file": file(), "attested_by": "Example Labs"}, "Only an external evaluation is attested"),
    ],
)
def test_a_document_that_cannot_be_is_refused_beside_the_form(
    desk: Desk, signed_in: SignedIn, said: dict[str, object], sentence: str
) -> None:
    version = world.version(desk, 1)
    response = done(signed_in(desk.analyst), at(version, "attach-document"), **said)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Evidence.objects.filter(kind="document").exists()


def test_a_declared_table_is_attached_for_a_purpose(desk: Desk, signed_in: SignedIn) -> None:
    version = world.version(desk, 1)
    table = make.table(desk.pipeline, make.TABLE.replace("p0,", "p1000,"))
    response = done(signed_in(desk.analyst), at(version, "attach-table"), evidence=str(table.uid), purpose="evaluation")
    assert told(response) == "evaluation.csv serves as evaluation of care-programme 1 now."
    assert get_version("care-programme", 1).tables["evaluation"]["uid"] == str(table.uid)
    odd = done(signed_in(desk.analyst), at(version, "attach-table"), evidence=str(table.uid), purpose="Hold out")
    assert odd.status_code == 422
    assert 'id="id_purpose_error"' in odd.content.decode()


TABLE: dict[str, Any] = {
    "format": "csv",
    "delimiter": ",",
    "encoding": "utf-8",
    "purpose": "evaluation",
    "declaration": json.dumps(make.DECLARATION),
}
DRIFT = """\
policy: drift
title: The evaluated people resemble the reference
applies_to: {risk_tier: [high], target: production}
requirements:
  - {id: stability, title: No column moved far, check: drift.population_stability, version: 1}
  - {id: shared, title: No row was trained on, check: data_quality.shared_rows, version: 1}
approvals:
  - {group: risk, count: 1}
"""


SENSITIVE_ALONE = {**make.DECLARATION, "columns": {"sex": {"roles": ["sensitive"]}}}


def table_file(text: str = make.TABLE, name: str = "new.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode())


def profile_file(rows: int = 200, **change: Any) -> SimpleUploadedFile:
    """A profile as profile_table writes it, of one column."""
    counts = {"name": "sex", "kind": "text", "rows": rows, "missing": 0, "texts": {"female": 150, "male": 50}}
    document = {"profile": 1, "rows": rows, "columns": [{**counts, **change}]}
    return SimpleUploadedFile("reference.profile.json", json.dumps(document).encode())


PROFILE: dict[str, Any] = {
    **TABLE,
    "format": "profile",
    "purpose": "reference",
    "declaration": json.dumps({**make.DECLARATION, "columns": {"sex": {"roles": ["sensitive", "feature"]}}}),
}


def test_a_table_is_handed_in_with_what_its_columns_mean(desk: Desk, signed_in: SignedIn) -> None:
    version = world.version(desk, 1)
    client = signed_in(desk.analyst)
    page = shown(client, at(version, "hand-in-table"))
    # The declaration of the table that the version has already is the one to begin with.
    assert "&quot;patient&quot;: {&quot;roles&quot;: [&quot;id&quot;]}" in page
    runs = CheckRun.objects.count()
    response = done(client, at(version, "hand-in-table"), file=table_file(make.TABLE.replace("p0,", "p1000,")), **TABLE)
    assert told(response) == "new.csv (240 rows, 4 columns) serves as evaluation of care-programme 1 now."
    assert get_version("care-programme", 1).tables["evaluation"]["uid"] == str(Evidence.objects.get(name="new.csv").uid)
    assert CheckRun.objects.count() > runs


def test_a_delimiter_that_cannot_be_typed_has_a_word(desk: Desk, signed_in: SignedIn) -> None:
    version = world.version(desk, 1)
    file = table_file(make.TABLE.replace(",", "\t"))
    response = done(signed_in(desk.analyst), at(version, "hand-in-table"), file=file, **{**TABLE, "delimiter": "tab"})
    assert response.status_code == 302


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "This field is required."),
        ({"file": table_file(""), **TABLE}, "The submitted file is empty."),
        ({"file": table_file(), **TABLE, "declaration": "{"}, "This is no JSON document: line 1, column 2"),
        ({"file": table_file(), **TABLE, "declaration": "[" * 100_000}, "nested too deeply"),
        ({"file": table_file(), **TABLE, "declaration": "[]"}, "new.csv: The declaration is not a JSON object"),
        ({"file": table_file(), **TABLE, "delimiter": ";;"}, "The delimiter &#x27;;;&#x27; cannot separate cells"),
        ({"file": table_file(), **TABLE, "encoding": "klingon"}, "klingon"),
        ({"file": table_file(), **TABLE, "format": "xls"}, "Select a valid choice."),
        ({"file": table_file(), **TABLE, "purpose": "dpia"}, "A table cannot serve as &#x27;dpia&#x27;"),
        (
            {"file": table_file(make.TABLE.replace("p3,1,", "p3,2,")), **TABLE},
            "new.csv: Column &quot;label&quot;, row 4, line 5: the label is &quot;2&quot;, not 0 or 1; write 1 for the "
            "one outcome and 0 for the other.",
        ),
        (
            {
                "file": table_file(),
                **TABLE,
                "declaration": json.dumps({"task": "regression", "columns": {"label": {"roles": ["label"]}}}),
            },
            "new.csv is declared for a regression task, and care-programme has a binary task.",
        ),
    ],
)
def test_a_table_that_no_check_can_use_is_refused_beside_the_form(
    desk: Desk, signed_in: SignedIn, said: dict[str, object], sentence: str
) -> None:
    version = world.version(desk, 1)
    before = Evidence.objects.count()
    response = done(signed_in(desk.analyst), at(version, "hand-in-table"), **said)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert "choose it again" in response.content.decode()
    assert Evidence.objects.count() == before


def test_a_profile_serves_as_reference_and_the_page_says_what_it_is_good_for(desk: Desk, signed_in: SignedIn) -> None:
    make.policy(DRIFT)
    version = world.version(desk, 1)
    client = signed_in(desk.analyst)
    for act in ("hand-in-table", "attach-table"):
        assert (
            "With a stored profile as reference, drift.population_stability can be measured. These need its rows and "
            "would be inconclusive: data_quality.shared_rows."
        ) in shown(client, at(version, act))
    response = done(client, at(version, "hand-in-table"), file=profile_file(), **PROFILE)
    assert told(response) == (
        "reference.profile.json (stored profile, stands for 200 rows, 1 column) serves as reference of "
        "care-programme 1 now."
    )
    page = shown(client, "/admin/versions/care-programme/1/")
    assert "Stored profile, stands for 200 rows, 1 column · " in page
    # Who belongs to which group is not in a profile: the role that it cannot fill is not shown.
    assert '<th scope="row">sex</th><td>text</td><td>feature</td>' in page


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"file": profile_file(rows=201), **PROFILE}, "Column &quot;sex&quot;: the counts of the column do not add up"),
        ({"file": table_file(), **PROFILE}, "The bytes are no JSON document; make it anew with profile_table."),
        ({"file": profile_file(), **PROFILE, "purpose": "evaluation"}, "A stored profile cannot serve as evaluation"),
        (
            {"file": profile_file(), **PROFILE, "declaration": json.dumps(make.DECLARATION)},
            "Column &quot;selected&quot;: the profile has no such column; declare those that it has: &quot;sex&quot;.",
        ),
        (
            {"file": profile_file(), **PROFILE, "declaration": json.dumps(SENSITIVE_ALONE)},
            "give one of &quot;sex&quot; the role feature, prediction or score",
        ),
    ],
)
def test_a_profile_that_will_not_do_is_refused_beside_the_form(
    desk: Desk, signed_in: SignedIn, said: dict[str, object], sentence: str
) -> None:
    version = world.version(desk, 1)
    response = done(signed_in(desk.analyst), at(version, "hand-in-table"), **said)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert "reference" not in get_version("care-programme", 1).tables
