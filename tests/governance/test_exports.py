"""A report can be taken away whatever has become of the signing key, and taking it leaves an entry."""

import pytest

from audits.evidence import is_stored, local_path
from audits.runs import CheckRun
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


def test_a_report_leaves_without_the_figures_of_small_groups(ana: Account, settings: object) -> None:
    make.policy()
    pipeline = make.contributor()
    version = make.version(pipeline, make.model(pipeline))
    rate = {"name": "selection_rate", "value": 0.6125, "unit": "1", "n": 80}
    figures = [{**rate, "group": "sex/Female"}, {**rate, "group": "sex/Male"}]
    make.completed(version, found={run.check_name: {"measurements": figures} for run in CheckRun.objects.all()})

    def exported() -> str:
        export = export_report(actor=ana.actor, version=version, format_name="csv")
        with local_path(export.sha256) as path:
            return path.read_text("utf-8-sig")

    assert "0.613" in exported()
    settings.EXPORT_SMALLEST_CELL = 81  # type: ignore[attr-defined]
    hidden = exported()
    assert "0.613" not in hidden
    assert "fewer than 81 rows: not shown" in hidden
