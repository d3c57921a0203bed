"""A document is handed in from the version's page, and a declared table attached."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from audits.evidence import Evidence
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
