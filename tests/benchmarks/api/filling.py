"""One model with 50,000 versions, on both sides by bulk: rows without entries, the guards lifted; for measuring."""

import sys
from uuid import uuid4

import django
import psycopg
from django.db import connection

django.setup()

from registry.models import ModelVersion, VersionStage  # noqa: E402 - models need the set-up
from tests.benchmarks.api.calls import LARGE, LARGE_VERSIONS  # noqa: E402

BATCH = 2000
THEIRS = f"""
INSERT INTO model_versions
       (name, version, creation_time, last_updated_time, current_stage, source, run_id, status, workspace)
SELECT '{LARGE}', n, n, n, 'None', 's3://models/' || n, md5(n::text), 'READY', 'default'
  FROM generate_series(2, {LARGE_VERSIONS}) n;
ANALYZE;
"""


def fill_theirs(url: str) -> None:
    """Make the versions from 2 on in MLflow's tables."""
    with psycopg.connect(url, autocommit=True) as theirs:
        theirs.execute(THEIRS.encode())


def fill_ours() -> None:
    """Make the versions from 2 on in the likeness of the first, which came through the door."""
    first = ModelVersion.objects.select_related("position").get(model__state__name=LARGE)
    with connection.cursor() as cursor:
        # No guard, no foreign key: the rows have no entries.
        cursor.execute("SET session_replication_role = replica")
    for start in range(2, LARGE_VERSIONS + 1, BATCH):
        numbers = range(start, min(start + BATCH, LARGE_VERSIONS + 1))
        versions = [_another(first, number) for number in numbers]
        ModelVersion.objects.bulk_create(versions)
        VersionStage.objects.bulk_create(_standing(first.position, version) for version in versions)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _another(first: ModelVersion, number: int) -> ModelVersion:
    names = ("model_id", "registered_by", "registered_at", "evidence")
    return ModelVersion(
        **{name: getattr(first, name) for name in names},
        number=number,
        source=f"s3://models/{number}",
        run_id=f"{number:032x}",
        entry_id=uuid4(),
    )


def _standing(first: VersionStage, version: ModelVersion) -> VersionStage:
    names = ("model_id", "stage", "since", "updated_at")
    return VersionStage(**{name: getattr(first, name) for name in names}, version=version, number=version.number)


if __name__ == "__main__":
    fill_theirs(sys.argv[1])
    fill_ours()
