"""A prepared query finds what Django's own finds, as the same objects, and is worded once."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import CharField, DateTimeField, IntegerField, QuerySet, Value
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from audits.prepared import Given, Prepared, PreparedUpdate, among, insert
from audits.trail import now
from registry.models import CurrentAnnotation, ModelState, ModelVersion, RegisteredModel, VersionStage
from tests import make

NAMED = {"model__state__name": Given("name", CharField()), "number": Given("number", IntegerField())}


def registered() -> ModelVersion:
    pipeline = make.contributor()
    return make.version(pipeline, make.model(pipeline))


def versions() -> QuerySet[ModelVersion]:
    return ModelVersion.objects.select_related("model__state", "position").annotate(mark=Value("marked"))


@pytest.mark.django_db
def test_it_finds_the_same_objects_as_the_query_it_was_made_of() -> None:
    version = registered()
    ours = Prepared(lambda: versions().filter(**NAMED).prefetch_related("aliases"))
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            found = ours.first(name=version.model.present_name, number=version.number)
            assert found is not None
            assert (found.model.state.name, found.position.stage, found.mark) == (
                version.model.present_name,
                version.position.stage,
                "marked",
            )
            assert list(found.aliases.all()) == []
        assert len(queries) == 2
    theirs = versions().get(pk=version.pk)
    fields = [field.attname for field in ModelVersion._meta.concrete_fields]
    assert [getattr(found, name) for name in fields] == [getattr(theirs, name) for name in fields]
    assert not found._state.adding
    assert ours.first(name=version.model.present_name, number=version.number + 1) is None


@pytest.mark.django_db
def test_any_number_of_keys_and_columns_alone() -> None:
    keys = [registered().pk]
    ours = Prepared(lambda: ModelVersion.objects.filter(among("pk", "keys")).values_list("number", "source"))
    assert ours.all(keys=keys) == list(ModelVersion.objects.filter(pk__in=keys).values_list("number", "source"))
    assert ours.all(keys=[*keys, *range(10**6, 10**6 + 5000)]) == ours.all(keys=keys)
    assert ours.all(keys=[]) == []


@pytest.mark.django_db(transaction=True)
def test_what_locks_asks_for_a_transaction_every_time() -> None:
    ours = Prepared(lambda: RegisteredModel.objects.select_for_update().filter(among("pk", "keys")))
    with transaction.atomic():
        assert ours.all(keys=[]) == []
    with pytest.raises(TransactionManagementError):
        ours.all(keys=[])


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps what it has planned by itself")
@pytest.mark.django_db
def test_postgresql_plans_it_once_and_everything_else_as_before() -> None:
    version = registered()
    ours = Prepared(lambda: versions().filter(**NAMED))
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    for _ in range(4):
        assert ours.first(name=version.model.present_name, number=version.number) == version
        assert versions().filter(number=version.number).first() == version
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        (planned,) = cursor.fetchall()
    assert "$1" in planned[0]


def tagged(tag: str) -> CurrentAnnotation:
    model = RegisteredModel.objects.get()
    return CurrentAnnotation(model=model, tag=tag, value="'; \\ % %s é")


@pytest.mark.django_db
def test_a_row_is_inserted_as_it_would_be_saved() -> None:
    registered()
    saved = tagged("saved")
    saved.save(force_insert=True)
    for tag in ("once", "again"):
        row = tagged(tag)
        with CaptureQueriesContext(connection) as queries:
            insert(row)
        assert len(queries) == 1
        assert not row._state.adding
        kept = CurrentAnnotation.objects.get(pk=row.pk)
        assert (kept.model_id, kept.version_id, kept.tag, kept.value) == (saved.model_id, None, tag, saved.value)


@pytest.mark.django_db
def test_a_row_that_brings_its_key_keeps_it() -> None:
    version = registered()
    standing = version.position
    VersionStage.objects.filter(pk=version.pk).delete()
    insert(standing)
    kept = VersionStage.objects.get(pk=version.pk)
    assert [getattr(kept, field.attname) for field in VersionStage._meta.concrete_fields] == [
        getattr(standing, field.attname) for field in VersionStage._meta.concrete_fields
    ]


@pytest.mark.django_db
def test_a_row_that_is_refused_spoils_its_transaction_as_a_saved_one_does() -> None:
    registered()
    insert(tagged("twice"))
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            insert(tagged("twice"))
        with pytest.raises(TransactionManagementError):
            CurrentAnnotation.objects.count()


@pytest.mark.django_db
def test_a_row_whose_relation_has_no_key_yet_is_refused() -> None:
    with pytest.raises(ValueError, match="unsaved"):
        insert(CurrentAnnotation(model=RegisteredModel(), tag="", value=""))


@pytest.mark.django_db
def test_an_update_changes_the_rows_it_is_for_and_says_how_many() -> None:
    key, at = registered().model_id, now()
    ours = PreparedUpdate(
        lambda: ModelState.objects.filter(pk=Given("key", IntegerField()), updated_at__lt=Given("at", DateTimeField())),
        updated_at=Given("at", DateTimeField()),
    )
    assert [ours.apply(key=key, at=at), ours.apply(key=key, at=at), ours.apply(key=key + 1, at=at)] == [1, 0, 0]
    assert ModelState.objects.get(pk=key).updated_at == at
