"""Every way to write, against every governed table: each is refused, or leaves its entry.

The ways: a shell with the ORM, bulk operations, raw SQL, the admin, the REST API and Celery tasks. A governed table is
one whose rows are recorded; the tables of present state beside them (stages, aliases, open promotions) can be written
by the application, and what is written there without a fact is found by `verify`.
"""

import json
import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from celery import current_app
from django.db import DatabaseError, connection, models, transaction
from django.test import Client
from django.urls import reverse

from audits.trail import Entry, Recorded, verify
from governance.admin import desk
from governance.api.mlflow.urls import COMMENTS, DATABRICKS, MODELS, REQUESTS, VERSIONS
from governance.roles import Group, Role, Verb, allows
from governance.selectors.projections import PROJECTIONS
from governance.services.aliases import assign_alias
from governance.services.annotations import annotate_model, annotate_version
from governance.services.comments import write_comment
from tests import everything, make
from tests.governance.api.conftest import Caller
from tests.governance.api.test_openapi import operations, snapshot

on_postgresql = connection.vendor == "postgresql"

TABLES = sorted(everything.recorded_models(), key=lambda model: model._meta.label)
Way = Callable[[Recorded], object]


def _copy(row: Recorded) -> Recorded:
    """Return another row with the same values, except for what must be unique."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    for field in row._meta.concrete_fields:
        if isinstance(field, models.UUIDField) and field.unique:
            values[field.attname] = uuid4()
    values[row._meta.pk.attname] = (row._meta.model._default_manager.aggregate(top=models.Max("pk"))["top"]) + 1
    values["entry_id"] = None
    return type(row)(**values)


def create_without_an_entry(row: Recorded) -> None:
    _copy(row).save(force_insert=True)


def create_with_an_entry_made_up(row: Recorded) -> None:
    copy = _copy(row)
    copy.entry_id = uuid4()
    copy.save(force_insert=True)


def create_with_the_entry_of_another_row(row: Recorded) -> None:
    copy = _copy(row)
    copy.entry_id = row.entry_id
    copy.save(force_insert=True)


def create_in_bulk(row: Recorded) -> None:
    type(row)._default_manager.bulk_create([_copy(row)])


def insert_by_sql(row: Recorded) -> None:
    table = row._meta.db_table
    with connection.cursor() as cursor:
        columns = [field.column for field in row._meta.concrete_fields if field.column not in {"entry_id", "id"}]
        named = ", ".join(f'"{column}"' for column in columns)
        cursor.execute(f'INSERT INTO "{table}" ({named}) SELECT {named} FROM "{table}" LIMIT 1')


def replace_by_sql(row: Recorded) -> None:
    if on_postgresql:
        _sql(f'INSERT INTO "{row._meta.db_table}" SELECT * FROM "{row._meta.db_table}" LIMIT 1 ON CONFLICT DO UPDATE')
    else:
        _sql(f'INSERT OR REPLACE INTO "{row._meta.db_table}" SELECT * FROM "{row._meta.db_table}" LIMIT 1')


def save_again(row: Recorded) -> None:
    row.save(force_update=True)


def update_in_bulk(row: Recorded) -> None:
    type(row)._default_manager.update(entry_id=models.F("entry_id"))


def update_by_bulk_update(row: Recorded) -> None:
    type(row)._default_manager.bulk_update([row], ["entry"])


def delete_one(row: Recorded) -> None:
    row.delete()


def delete_in_bulk(row: Recorded) -> None:
    manager = type(row)._default_manager
    manager.all()._raw_delete(manager.db)


def update_by_sql(row: Recorded) -> None:
    _sql(f'UPDATE "{row._meta.db_table}" SET entry_id = entry_id')


def delete_by_sql(row: Recorded) -> None:
    _sql(f'DELETE FROM "{row._meta.db_table}"')


def truncate_by_sql(row: Recorded) -> None:
    _sql(f'TRUNCATE "{row._meta.db_table}" CASCADE' if on_postgresql else f'DELETE FROM "{row._meta.db_table}"')


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


WAYS: tuple[Way, ...] = (
    create_without_an_entry,
    create_with_an_entry_made_up,
    create_with_the_entry_of_another_row,
    create_in_bulk,
    insert_by_sql,
    replace_by_sql,
    save_again,
    update_in_bulk,
    update_by_bulk_update,
    delete_one,
    delete_in_bulk,
    update_by_sql,
    delete_by_sql,
    truncate_by_sql,
)


def _is_refused(way: Way, row: Recorded) -> bool:
    try:
        with transaction.atomic():
            way(row)
            # What a commit would ask; foreign keys to entries are checked no sooner.
            connection.check_constraints()
    except (DatabaseError, models.ProtectedError):
        return True
    return False


def test_the_database_refuses_every_way_round_the_trail(db: None) -> None:
    everything.build()
    rows = {model: model._default_manager.order_by("pk").first() for model in TABLES}
    assert [model.__name__ for model, row in rows.items() if row is None] == []
    cells = [(model, way) for model in TABLES for way in WAYS]
    open_ways = [f"{model.__name__}: {way.__name__}" for model, way in cells if not _is_refused(way, rows[model])]
    assert open_ways == []
    verdict = verify(projections=PROJECTIONS)
    assert verdict.is_whole, verdict.flaws

    # The tables of present state are written by the application; without a fact it is found.
    for projection in PROJECTIONS:
        manager = projection.model._default_manager
        assert manager.exists(), f"the world has no row of {projection.name}"
        with transaction.atomic():
            manager.all()._raw_delete(manager.db)
            flaws = {flaw.code for flaw in verify(projections=PROJECTIONS).flaws}
            transaction.set_rollback(True)
        assert "projection_differs" in flaws, projection.name


def _rows_and_entries() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in (*TABLES, Entry)}


def test_the_admin_has_no_form_that_writes_a_table(db: None, client: Client) -> None:
    everything.build()
    operator = make.account("everywhere", Role.OPERATOR, Role.AUDITOR, groups=(Group.RISK,), password="a long sentence")
    client.force_login(operator)
    before = _rows_and_entries()
    for model in desk._registry:
        row = model._default_manager.first()
        address = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        places = [reverse(f"{address}_add"), reverse(f"{address}_changelist")]
        places += [reverse(f"{address}_{act}", args=[row.pk]) for act in ("change", "delete")] if row else []
        for place in places:
            answer = client.post(place, {"action": "delete_selected", "post": "yes", "_selected_action": "1"})
            assert answer.status_code in {302, 403, 404, 405}, place
    assert _rows_and_entries() == before


OPERATIONS = [tuple(one.split(" ", 1)) for one in operations(snapshot())]
WRITES = [(verb, path) for verb, path in OPERATIONS if verb != "GET"]


@pytest.mark.parametrize("who", ["nobody", "a reader"])
def test_no_write_of_the_api_is_open_to_whom_no_role_allows_it(db: None, who: str) -> None:
    make.version(make.contributor(), make.model(make.contributor("owner")))
    reader = make.account("reader", Role.AUDITOR)
    caller = Caller(make.token(reader, Verb.READ) if who == "a reader" else "")
    before = _rows_and_entries()
    for verb, path in WRITES:
        address = re.sub(r"\{(\w+)\}", lambda name: str(uuid4()) if name[1] == "uid" else "1", path)
        answer = caller.generic(verb, address, "{}", content_type="application/json")
        assert answer.status_code in {401, 403, 404}, (verb, path, answer.status_code)
    assert _rows_and_entries() == before


def test_no_address_of_the_api_takes_a_method_that_is_not_documented(db: None) -> None:
    caller = Caller(make.token(make.account("olga", Role.OPERATOR), Verb.READ))
    documented = set(OPERATIONS)
    for path in {path for _, path in documented}:
        address = re.sub(r"\{(\w+)\}", lambda name: str(uuid4()) if name[1] == "uid" else "1", path)
        for verb in ("POST", "PUT", "PATCH", "DELETE"):
            if (verb, path) not in documented:
                answer = caller.generic(verb, address, "{}", content_type="application/json")
                assert answer.status_code in {404, 405}, (verb, path)


def test_a_task_that_is_called_for_nothing_leaves_nothing(db: None) -> None:
    tasks = {name: task for name, task in current_app.tasks.items() if not name.startswith("celery.")}
    assert set(tasks) == {"audits.run_checks", "governance.settle_batch"}
    before = _rows_and_entries()
    for task in tasks.values():
        task(str(uuid4()))
    assert _rows_and_entries() == before


CALLS = {
    "registered-models": MODELS,
    "model-versions": VERSIONS,
    "transition-requests": REQUESTS,
    "comments": COMMENTS,
    "databricks": DATABRICKS,
}
CLIENT_WRITES = [
    (verb, f"/api/2.0/mlflow/{group}/{call.pattern}")
    for group, calls in CALLS.items()
    for call in calls
    for verb in call.callback.view_class.verbs
    if call.callback.view_class.verbs[verb] is not Verb.READ
]
CLIENT_PARAMETERS = {
    **{"name": "everything", "version": "1", "new_name": "Other", "alias": "free", "key": "k", "value": "v"},
    **{"description": "Anew.", "stage": "Production", "source": "s3://bucket/other"},
    "comment": "Read.",
}


@pytest.mark.parametrize("who", ["nobody", "a reader"])
def test_no_write_of_the_mlflow_door_is_open_to_whom_no_role_allows_it(db: None, who: str) -> None:
    make.version(make.contributor(), make.model(make.contributor("owner"), "everything"))
    reader = make.account("reader", Role.AUDITOR)
    caller = Caller(make.token(reader, Verb.READ) if who == "a reader" else "")
    before = _rows_and_entries()
    assert len(CLIENT_WRITES) == 22
    for verb, address in CLIENT_WRITES:
        answer = caller.generic(verb, address, json.dumps(CLIENT_PARAMETERS), content_type="application/json")
        assert answer.status_code == (403 if who == "a reader" else 401), (verb, address)
    assert _rows_and_entries() == before


def test_every_write_of_the_mlflow_door_leaves_an_entry(db: None) -> None:
    make.policy()
    reviewer = Caller(make.token(make.reviewer("rita", Group.RISK), Verb.REVIEW))
    for verb, address in CLIENT_WRITES:
        name = f"model-{Entry.objects.count()}"
        everybody = make.account(name, Role.CONTRIBUTOR, Role.OPERATOR, kind="pipeline")
        model = make.model(everybody, name)
        version = make.version(everybody, model, seed=Entry.objects.count())
        annotate_model(actor=everybody.actor, model=model, tags={"k": "other"})
        annotate_version(actor=everybody.actor, version=version, tags={"k": "other"})
        assign_alias(actor=everybody.actor, version=version, alias="free" if verb == "DELETE" else "another")
        caller = Caller(make.token(everybody, *(verb for verb in Verb if allows(everybody.roles(), verb))))
        if address.endswith(("/approve", "/reject", "transition-requests/delete")):
            make.promotion(everybody, version, alias="")
        if address.endswith(("/approve", "/reject")):
            caller = reviewer
        parameters = {**CLIENT_PARAMETERS, "name": f"{name}-new" if "models/create" in address else name}
        if address.endswith(("comments/update", "comments/delete")):
            parameters["id"] = str(write_comment(actor=everybody.actor, version=version, text="Seen.").uid)
        parameters["new_name"] = f"{name}-other"
        before = Entry.objects.count()
        answer = caller.generic(verb, address, json.dumps(parameters), content_type="application/json")
        assert answer.status_code in {200, 409}, (verb, address, answer.content)
        assert Entry.objects.count() > before, (verb, address, answer.content)
    assert verify(projections=PROJECTIONS).is_whole
