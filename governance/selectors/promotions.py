"""Which open promotions have something new to hear?"""

from collections.abc import Iterable
from uuid import UUID

from audits.runs import CheckResult, CheckRun
from audits.trail import Entry
from governance.models import OpenPromotion
from registry.models import with_artifact


def list_open_promotions() -> list[UUID]:
    """Return the uids of all open promotions, oldest first."""
    return list(OpenPromotion.objects.order_by("promotion_id").values_list("promotion__uid", flat=True))


def open_promotions_of_batch(batch: UUID) -> list[UUID]:
    """Return the open promotions that the runs of a batch concern."""
    return _concerned(CheckRun.objects.filter(batch=batch))


def open_promotions_with_news(*, since: int, until: int) -> list[UUID]:
    """Return the open promotions concerned by what was entered with an index from `since` up to `until`.

    A result concerns those with the same inputs; a policy that came into force, all.
    """
    if Entry.objects.filter(index__gte=since, index__lt=until, action="policy.published").exists():
        return list_open_promotions()
    news = CheckResult.objects.filter(entry__index__gte=since, entry__index__lt=until).select_related("run")
    return _concerned(result.run for result in news)


def _concerned(runs: Iterable[CheckRun]) -> list[UUID]:
    """A run counts for every version with the same inputs, whoever ordered it, because it is found by them."""
    inputs = [run.inputs for run in runs]
    artifacts = {document["artifact"]["sha256"] for document in inputs}
    rows = (
        OpenPromotion.objects.filter(with_artifact(artifacts, "version__"))
        .select_related("promotion", "version__binding")
        .order_by("promotion_id")
    )
    return [row.promotion.uid for row in rows if row.version.inputs in inputs]
