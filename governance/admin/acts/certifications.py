"""Reporting what makes a version in production due for re-certification."""

from typing import Any

from django import forms

from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import ActForm, sentence
from governance.admin.acts.kinds import VERSION
from governance.models import Account, TriggerKind
from governance.roles import Verb
from governance.services.certifications import raise_trigger
from registry.models import ModelVersion
from registry.stages import Stage


class TriggerForm(ActForm):
    """What happened."""

    kind = forms.ChoiceField(label="What happened", choices=TriggerKind.choices)
    reason = sentence("What you saw")


def _not_live(account: Account, version: ModelVersion) -> str:
    stage = version.position.stage
    return "" if stage == Stage.PRODUCTION else f"It stands in {stage}; only what is in production is certified anew."


def _trigger(account: Account, version: ModelVersion, said: dict[str, Any]) -> Done:
    raise_trigger(actor=account.actor, version=version, kind=TriggerKind(said["kind"]), reason=said["reason"])
    return Done("It is on record, and those concerned were told.", VERSION.page(version))


TRIGGER = Act(
    name="trigger",
    on=VERSION,
    verb=Verb.TRIGGER,
    label="Report what happened",
    title=lambda version: f"Report what happened to {version}",
    follows=lambda version: (
        "Where a policy names this kind of event, the version becomes due for re-certification at once, and overdue "
        "after the policy's days of grace. Whoever registered it and the model's owner are told.",
    ),
    stays="The report stays on record. Only a promotion to where the version stands answers it.",
    form=TriggerForm,
    tone="wait",
    why_not=_not_live,
    perform=_trigger,
)
