"""The facts of a new promotion are gathered once, and the checks it lacks are ordered all the same."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.runs import CheckRun
from governance.models import Promotion
from tests import make

pytestmark = pytest.mark.django_db


def reads(queries: CaptureQueriesContext, table: str) -> int:
    return sum(f'FROM "{table}"' in query["sql"] for query in queries)


@pytest.mark.parametrize("has_run", [True, False])
def test_asking_for_a_promotion_gathers_the_facts_once(has_run: bool) -> None:
    pipeline = make.contributor()
    version = make.version(pipeline, make.model(pipeline))
    make.policy()
    if has_run:
        make.completed(make.promotion(pipeline, version).version)
        version = make.version(pipeline, version.model, seed=2)
        make.completed(version)
    with CaptureQueriesContext(connection) as queries:
        promotion = make.promotion(pipeline, version)
    codes = {line["requirement"]: line["code"] for line in promotion.decisions.get().reasons}
    assert codes["accuracy"] == ("passed" if has_run else "running")
    assert Promotion.objects.get(pk=promotion.pk).decisions.count() == 1
    assert CheckRun.objects.filter(subject=version.subject).count() == 2
    for table in ("governance_waiver", "governance_breakglass", "governance_recusal"):
        assert reads(queries, table) == 1, table
    assert reads(queries, "audits_checkrun") == (1 if has_run else 2)
