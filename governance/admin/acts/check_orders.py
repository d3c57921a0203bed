"""Running a check again that broke off, or whose answer has become too old."""

from typing import Any

from audits.trail import now
from governance.admin.acts.act import Act, Done
from governance.admin.acts.kinds import VERSION
from governance.models import Account
from governance.roles import Verb
from governance.selectors.requirements import unanswered_orders
from governance.services.check_orders import order_checks
from registry.models import ModelVersion
from registry.stages import Stage


def _names(version: ModelVersion) -> str:
    return ", ".join(order.check_name for order in unanswered_orders(version, at=now()))


def _nothing_to_order(account: Account, version: ModelVersion) -> str:
    if version.position.stage == Stage.RETIRED:
        return "It is retired; nothing is checked for it any more."
    return "" if _names(version) else "Every check it needs has an answer that counts, or is under way."


def _order(account: Account, version: ModelVersion, said: dict[str, Any]) -> Done:
    runs = order_checks(actor=account.actor, version=version)
    what = f"{len(runs)} checks are" if len(runs) != 1 else "1 check is"
    return Done(f"{what} ordered; the gate judges again when the answers are there.", VERSION.page(version))


ORDER_CHECKS = Act(
    name="check-again",
    on=VERSION,
    verb=Verb.PROMOTE,
    label="Order checks again",
    title=lambda version: f"Order checks of {version} again",
    follows=lambda version: (
        f"These were never run over this evidence, broke off, or passed too long ago, and are run now: "
        f"{_names(version)}.",
        "Open promotions are judged anew at once, and again with each answer. What failed is not run again: "
        "the same inputs give the same figures.",
    ),
    stays="The order and what it finds stay on record beside what was found before.",
    why_not=_nothing_to_order,
    perform=_order,
)
