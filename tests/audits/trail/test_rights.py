"""Two database roles: one owns and migrates, the other records and can change nothing that was recorded."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core import checks
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from audits.trail import loose_guards, publish_checkpoint, rights_beyond_need, running_role, verify
from governance.roles import Group
from governance.selectors.projections import PROJECTIONS
from governance.services.approvals import approve_promotion
from tests import make
from tests.roles import acting_as, application_role

pytestmark = pytest.mark.django_db(transaction=True)

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows no roles")


@pytest.fixture
def application() -> Iterator[str]:
    with application_role() as name:
        yield name


@on_postgresql
def test_the_printed_rights_are_enough_for_the_whole_story_and_none_is_too_many(application: str) -> None:
    with acting_as(application):
        make.policy()
        pipeline = make.contributor()
        rita, carl = make.reviewer("rita", Group.RISK), make.reviewer("carl", Group.COMPLIANCE)
        version = make.version(pipeline, make.model(pipeline))
        make.completed(version)
        promotion = make.promotion(pipeline, version)
        approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
        approve_promotion(actor=carl.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="Texts read.")
        assert publish_checkpoint()
        assert running_role() == application
        assert rights_beyond_need() == []
        assert loose_guards() == []
        assert verify(projections=PROJECTIONS).is_whole


@on_postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audits_entry SET text = 'forged'",
        "INSERT INTO audits_entry SELECT * FROM audits_entry",
        "UPDATE registry_registeredmodel SET owner = 'person:x'",
        "DELETE FROM governance_approval",
        "TRUNCATE governance_approval CASCADE",
        "ALTER TABLE audits_entry ALTER COLUMN text TYPE text USING 'forged'",
        "ALTER TABLE audits_entry DISABLE TRIGGER ALL",
        "DROP TABLE audits_checkpoint",
        "CREATE RULE swallow AS ON INSERT TO governance_approval DO INSTEAD NOTHING",
        "SET session_replication_role = replica",
        "UPDATE audits_head SET size = 0",
    ],
)
def test_the_application_is_stopped_by_a_missing_right(application: str, statement: str) -> None:
    with acting_as(application), connection.cursor() as cursor, pytest.raises(DatabaseError) as refused:
        cursor.execute(statement)
    assert refused.value.__cause__.sqlstate == "42501"  # type: ignore[union-attr]


@on_postgresql
def test_a_right_too_many_is_found_by_trying_and_leaves_no_trace(application: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'GRANT UPDATE (reason), TRIGGER ON governance_approval TO "{application}"')
        cursor.execute(f'GRANT TRUNCATE ON audits_checkpoint TO "{application}"')
    with acting_as(application):
        assert {str(right) for right in rights_beyond_need()} == {
            "UPDATE on governance_approval",
            "CREATE TRIGGER on governance_approval",
            "TRUNCATE on audits_checkpoint",
        }
    assert loose_guards() == []


@on_postgresql
def test_the_deploy_check_names_what_an_owner_may_do() -> None:
    texts = [message.msg for message in checks.run_checks(tags=["trail"], include_deployment_checks=True)]
    assert any("may TRUNCATE on audits_entry" in text for text in texts)
    assert any("SET session_replication_role" in text for text in texts)
    assert loose_guards() == []
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("database_roles", stdout=out)
    assert "may DELETE on audits_entry" in out.getvalue()


@on_postgresql
def test_the_command_prints_what_the_owner_has_to_run() -> None:
    out = StringIO()
    call_command("database_roles", sql=True, application="web", stdout=out)
    assert 'GRANT SELECT, INSERT ON "governance_approval" TO "web";' in out.getvalue()
    assert 'GRANT SELECT ON "audits_entry" TO "web";' in out.getvalue()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL knows roles")
def test_sqlite_says_that_it_knows_no_roles() -> None:
    messages = checks.run_checks(tags=["trail"], include_deployment_checks=True)
    assert [message.id for message in messages] == ["countersign.I001"]
    with pytest.raises(CommandError, match="knows no roles"):
        call_command("database_roles", sql=True)
