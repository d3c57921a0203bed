"""Rolling an alias back to what was approved before."""

from typing import Any

from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import ActForm, sentence
from governance.admin.acts.kinds import ALIAS
from governance.models import Account
from governance.roles import Verb
from governance.services.rollbacks import roll_back
from registry.models import CurrentAlias
from registry.stages import Stage


class RollbackForm(ActForm):
    """Why."""

    reason = sentence("Why it must go back")


def _not_live(account: Account, row: CurrentAlias) -> str:
    stage = row.version.position.stage
    return "" if stage == Stage.PRODUCTION else f"Version {row.version.number} stands in {stage}, not in production."


def _roll_back(account: Account, row: CurrentAlias, said: dict[str, Any]) -> Done:
    done = roll_back(actor=account.actor, model=row.model, alias=row.alias, **said)
    return Done(
        f"{row.model}@{done.alias} points at version {done.to_version.number} again; "
        f"version {done.from_version.number} is suspended.",
        ALIAS.page(row),
    )


ROLL_BACK = Act(
    name="roll-back",
    on=ALIAS,
    verb=Verb.ROLL_BACK,
    label="Roll back",
    title=lambda row: f"Roll back {row.model.name}@{row.alias}",
    follows=lambda row: (
        f"{row.model.name}@{row.alias} goes back, at once, to the version that was promoted under it before and is "
        f"still approved. Version {row.version.number} leaves production and is suspended.",
        "No check runs again: what was approved then is still stored, by digest.",
    ),
    stays=(
        "The rollback stays on record. The suspended version comes back only by a promotion of its own, "
        "through the gate."
    ),
    form=RollbackForm,
    tone="block",
    why_not=_not_live,
    perform=_roll_back,
)
