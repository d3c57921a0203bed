"""How is a check run again that broke off, or whose answer has become too old?"""

from audits.runs import CheckRun, order_runs, runs_of
from audits.trail import Actor, now, record
from governance.dispatch import ring_on_commit
from governance.errors import NothingToOrder
from governance.roles import Verb
from governance.selectors.requirements import unanswered_orders
from governance.services._settlement import settle_what_is_open
from governance.services.authority import authorise
from registry.errors import VersionRetired
from registry.models import ModelVersion, VersionStage
from registry.services import lock_versions, refuse_deleted
from registry.stages import Stage


def order_checks(*, actor: Actor, version: ModelVersion) -> list[CheckRun]:
    """Order what the policies about a version ask for and only a run can answer: never run, broken off, or too old.

    What passed, failed or could not be measured would come out the same over the same inputs, and what is under way is
    not ordered twice.
    Records: check_run.ordered for each, and what settling each open promotion records.
    Raises: NotEntitled, VersionDeleted, VersionRetired, NothingToOrder.
    Locks: the model, then the version's open promotions.
    """
    authorise(actor, Verb.PROMOTE)
    with record(actor=actor, at=now()) as recording:
        lock_versions(version.model_id)
        refuse_deleted(version, "nothing is checked for it any more")
        if VersionStage.objects.get(version=version).stage == Stage.RETIRED:
            raise VersionRetired(f"{version} is retired; nothing is checked for it any more.")
        current = ModelVersion.objects.select_related("model", "binding").get(pk=version.pk)
        orders = unanswered_orders(current, at=recording.at)
        batch = order_runs(recording=recording, orders=orders, subject=version.subject)
        if batch is None:
            raise NothingToOrder(
                f"Every check that a policy asks of {version} has an answer that counts, or is under way, or lacks the "
                "table it reads."
            )
        ring_on_commit(batch)
        settle_what_is_open(recording=recording, version=version)
    return list(runs_of(batch))
