"""A report can be taken away whatever has become of the signing key, and taking it leaves an entry."""

import pytest

from audits.evidence import is_stored
from audits.trail import Entry, log_verifier
from governance.errors import Malformed, NotEntitled
from governance.models import Account
from governance.roles import Role
from governance.services.exports import export_report
from registry.models import ModelVersion
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Account:
    return make.account("ana", Role.AUDITOR)


@pytest.fixture
def version() -> ModelVersion:
    make.policy()
    pipeline = make.contributor()
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version)
    return version


@pytest.mark.parametrize("format_name", ["html", "pdf", "json", "csv"])
def test_taking_a_report_away_is_on_the_record(ana: Account, version: ModelVersion, format_name: str) -> None:
    export = export_report(actor=ana.actor, version=version, format_name=format_name)
    entry = Entry.objects.get(action="report.exported")
    assert entry.actor == str(ana.actor)
    assert export.sha256 in entry.text
    assert is_stored(export.sha256)


def test_a_signer_that_fails_does_not_keep_the_report_back(
    ana: Account, version: ModelVersion, settings: object
) -> None:
    settings.TRAIL_PUBLIC_KEYS = [log_verifier().key_string]  # type: ignore[attr-defined]
    settings.TRAIL_SIGNER = ["false"]  # type: ignore[attr-defined]
    assert export_report(actor=ana.actor, version=version, format_name="json").size > 0


def test_an_unknown_format_and_an_unentitled_reader_get_nothing(ana: Account, version: ModelVersion) -> None:
    with pytest.raises(Malformed):
        export_report(actor=ana.actor, version=version, format_name="docx")
    with pytest.raises(NotEntitled):
        export_report(actor=make.contributor("other").actor, version=version, format_name="pdf")
