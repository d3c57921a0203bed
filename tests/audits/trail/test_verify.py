"""What was changed behind the application's back is found and named.

The attacker here owns the database: the triggers are lifted, the row is forged, the triggers are put back.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections

from audits.trail import Entry, NoSuchCheckpoint, now, publish_checkpoint, record, verification, verify
from audits.trail.append_only import triggers
from audits.trail.guards import missing_guards
from audits.trail.walk import Stretch, walk
from governance.models import OpenPromotion
from governance.roles import Role
from governance.selectors.projections import PROJECTIONS
from registry.models import ModelVersion, VersionStage
from tests import make
from tests.conftest import triggers_lifted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def version() -> ModelVersion:
    make.policy()
    pipeline = make.contributor()
    version = make.version(pipeline, make.model(pipeline))
    make.promotion(pipeline, version)
    make.completed(version)
    return version


def forge(*statements: str) -> None:
    with triggers_lifted(), connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def codes() -> list[str]:
    return sorted({flaw.code for flaw in verify(projections=PROJECTIONS).flaws})


def test_an_untouched_trail_is_whole(version: ModelVersion) -> None:
    publish_checkpoint()
    verdict = verify(projections=PROJECTIONS)
    assert verdict.is_whole
    assert verdict.rows > 5


@pytest.mark.parametrize(
    ("case", "statement", "code"),
    [
        (
            "a text is edited",
            "UPDATE audits_entry SET text = replace(text, 'subject', 'sübject') WHERE \"index\" = 3",
            "text_changed",
        ),
        (
            "a search column is edited",
            "UPDATE audits_entry SET actor = 'person:else' WHERE \"index\" = 3",
            "column_differs",
        ),
        ("a row is edited", "UPDATE audits_checkresult SET verdict = 'passed2'", "row_changed"),
        ("a row is removed", "DELETE FROM audits_checkresult", "row_missing"),
        ("an entry is removed from the middle", 'DELETE FROM audits_entry WHERE "index" = 3', "entry_missing"),
        (
            "the newest entry is removed",
            'DELETE FROM audits_entry WHERE "index" = (SELECT max("index") FROM audits_entry)',
            "head_differs",
        ),
        ("a projection is edited", "UPDATE registry_versionstage SET stage = 'production'", "projection_differs"),
        ("a projection's row is removed", "DELETE FROM governance_openpromotion", "projection_differs"),
        ("the head is edited", "UPDATE audits_head SET size = size + 1", "head_differs"),
        (
            "a time is set back behind the entry before",
            "UPDATE audits_entry SET recorded_at = '2001-01-01 00:00:00+00' WHERE \"index\" = 3",
            "time_runs_back",
        ),
        ("all times are set back", "UPDATE audits_entry SET recorded_at = '2001-01-01 00:00:00+00'", "time_differs"),
        ("a chain hash is edited", 'UPDATE audits_entry SET chain_hash = leaf_hash WHERE "index" = 3', "chain_broken"),
    ],
)
def test_a_change_behind_the_applications_back_is_found(
    version: ModelVersion, case: str, statement: str, code: str
) -> None:
    forge(statement)
    assert code in codes(), case


def test_the_flaw_names_the_row_and_the_entry(version: ModelVersion) -> None:
    forge(f"UPDATE registry_modelversion SET artifact_sha256 = 'forged' WHERE id = {version.pk}")
    flaw = next(flaw for flaw in verify().flaws if flaw.code == "row_changed")
    assert f"registry.modelversion/{version.pk}" in flaw.sentence
    assert flaw.index == version.entry.index


def test_a_trail_cut_back_behind_a_checkpoint_is_found_even_when_the_head_was_mended(version: ModelVersion) -> None:
    publish_checkpoint()
    newest = '(SELECT max("index") FROM audits_entry)'
    forge(
        f'DELETE FROM audits_checkresult WHERE entry_id = (SELECT id FROM audits_entry WHERE "index" = {newest})',
        f'DELETE FROM audits_entry WHERE "index" = {newest}',
        "UPDATE audits_head SET size = size - 1, chain_hash = "
        '(SELECT chain_hash FROM audits_entry ORDER BY "index" DESC LIMIT 1)',
    )
    assert "trail_shorter_than_checkpoint" in codes()


def test_a_row_slipped_in_without_an_entry_is_found(version: ModelVersion) -> None:
    VersionStage.objects.filter(version=version).update(stage="production")
    OpenPromotion.objects.all().delete()
    found = [flaw.sentence for flaw in verify(projections=PROJECTIONS).flaws]
    assert any("table of present stages" in sentence for sentence in found)
    assert any("table of open promotions lacks" in sentence for sentence in found)


def test_a_missing_trigger_is_named() -> None:
    on = " ON audits_entry" if connection.vendor == "postgresql" else ""
    name = "audits_entry_no_change" if connection.vendor == "postgresql" else "audits_entry_no_update"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")
    try:
        assert missing_guards() == [name]
        assert "guard_missing" in codes()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(triggers(Entry, connection.vendor)[name])


def notes(count: int) -> None:
    for number in range(count):
        with record(actor=make.COMMAND, at=now()) as recording:
            recording.note(action="model.registered", subject=f"model/{number % 3}")


def test_several_processes_see_the_same_as_one(version: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "STRETCH", 4)  # many stretches, so that subjects run across them
    publish_checkpoint()
    alone, together = verify(projections=PROJECTIONS), verify(projections=PROJECTIONS, workers=2)
    assert alone.is_whole
    assert (alone.root, alone.entries, alone.rows) == (together.root, together.entries, together.rows)
    forge(f"UPDATE registry_modelversion SET notes = 'forged' WHERE id = {version.pk}")
    forge("UPDATE audits_entry SET text = replace(text, 'model', 'mödel') WHERE \"index\" = 3")
    assert verify(workers=2).flaws == verify().flaws != []


def test_a_number_that_was_changed_is_found_once_wherever_the_stretches_end(
    version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "STRETCH", 4)
    notes(9)
    at = Entry.objects.filter(subject="model/1").latest("index").index
    forge(f'UPDATE audits_entry SET subject_number = 7 WHERE "index" = {at}')
    assert [(flaw.code, flaw.index) for flaw in verify().flaws] == [("column_differs", at)]


def test_from_a_checkpoint_on_only_what_came_later_is_looked_at(version: ModelVersion) -> None:
    published = publish_checkpoint()
    assert published is not None
    notes(5)
    later = verify(projections=PROJECTIONS, since=published.size)
    assert (later.flaws, later.rows, later.root) == ([], 0, verify().root)
    forge("UPDATE audits_entry SET actor = 'person:else' WHERE \"index\" = 3")
    assert verify(since=published.size).is_whole  # taken as verified
    forge(f"UPDATE audits_entry SET actor = 'person:else' WHERE \"index\" = {published.size + 1}")
    assert [flaw.index for flaw in verify(since=published.size).flaws] == [published.size + 1]


def test_there_is_no_starting_from_what_was_never_signed(version: ModelVersion) -> None:
    with pytest.raises(NoSuchCheckpoint):
        verify(since=3)


def test_what_is_recorded_meanwhile_is_no_flaw(version: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries, rows and a checkpoint arrive while the verification is under way."""

    def walk_while_others_record(start: int, end: int, needed_from: int) -> Stretch:
        found = walk(start, end, needed_from)
        make.account(f"late-{start}", Role.AUDITOR)
        publish_checkpoint()
        return found

    monkeypatch.setattr(verification, "STRETCH", 4)
    monkeypatch.setattr(verification, "walk", walk_while_others_record)
    assert verify(projections=PROJECTIONS).flaws == []


def test_a_fact_recorded_while_a_table_of_present_state_is_rebuilt_is_no_flaw(version: ModelVersion) -> None:
    pipeline = make.contributor("second-pipeline")
    stages = next(projection for projection in PROJECTIONS if projection.model is VersionStage)

    def rebuild() -> list[dict[str, Any]]:
        rows = list(stages.rebuild())
        # Another process, with a connection of its own.
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(make.version, pipeline, version.model, 2).result()
            elsewhere.submit(connections.close_all).result()
        return rows

    assert verify(projections=[replace(stages, rebuild=rebuild)]).flaws == []
    assert VersionStage.objects.count() == 2
    assert verify(projections=PROJECTIONS).is_whole


def test_a_table_that_is_gone_is_named(version: ModelVersion) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_aliasassignment RENAME TO elsewhere")
    try:
        flaw = verify(projections=PROJECTIONS).flaws[0]
        assert (flaw.code, "registry_aliasassignment" in flaw.sentence) == ("table_missing", True)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE elsewhere RENAME TO registry_aliasassignment")
