"""Taking a version out: for now, for good, or out of every list."""

from typing import Any

from django import forms
from django.urls import reverse

from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import Reasoned
from governance.admin.acts.kinds import VERSION
from governance.models import Account
from governance.roles import Verb
from governance.services.retirements import delete_version, retire_version, suspend_version
from registry.models import ModelVersion
from registry.stages import Stage, may_move


def _names(version: ModelVersion) -> str:
    names = [f"@{row.alias}" for row in version.aliases.all()]
    return f" {' and '.join(names)} will point at nothing." if names else ""


def _not_live(account: Account, version: ModelVersion) -> str:
    stage = version.position.stage
    return "" if stage == Stage.PRODUCTION else f"It stands in {stage}; only what is in production is suspended."


def _suspend(account: Account, version: ModelVersion, said: dict[str, Any]) -> Done:
    suspend_version(actor=account.actor, version=version, **said)
    return Done(f"{version} is suspended.", VERSION.page(version))


SUSPEND = Act(
    name="suspend",
    on=VERSION,
    verb=Verb.SUSPEND,
    label="Suspend",
    title=lambda version: f"Suspend {version}",
    follows=lambda version: (
        f"{version} leaves production at once, and admission denies it from that moment.{_names(version)}",
        "An open promotion of it ends. To put the earlier version in its place in the same act, roll the alias back.",
    ),
    stays="It comes back only by a promotion of its own, through the gate.",
    form=Reasoned,
    tone="block",
    why_not=_not_live,
    perform=_suspend,
)


def _cannot_retire(account: Account, version: ModelVersion) -> str:
    return "" if may_move(version.position.stage, Stage.RETIRED) else "It is retired already."


def _retire(account: Account, version: ModelVersion, said: dict[str, Any]) -> Done:
    retire_version(actor=account.actor, version=version, **said)
    return Done(f"{version} is retired.", VERSION.page(version))


RETIRE = Act(
    name="retire",
    on=VERSION,
    verb=Verb.SUSPEND,
    label="Retire for good",
    title=lambda version: f"Retire {version} for good",
    follows=lambda version: (
        f"{version} leaves {version.position.stage} at once.{_names(version)} An open promotion of it ends.",
    ),
    stays="This cannot be undone: neither a promotion nor a rollback brings it back.",
    form=Reasoned,
    tone="block",
    why_not=_cannot_retire,
    perform=_retire,
)


class DeletionForm(Reasoned):
    """Why, and the name once more."""

    again = forms.CharField(label="Which version, written out", max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["again"].help_text = f"Write: {self.about}"

    def clean_again(self) -> str:
        if self.cleaned_data["again"].strip() != str(self.about):
            raise forms.ValidationError(f"This says something else than {self.about}.")
        return str(self.about)

    def said(self) -> dict[str, Any]:
        return {"reason": self.cleaned_data["reason"]}


def _is_served(account: Account, version: ModelVersion) -> str:
    stage = version.position.stage
    served = stage in {Stage.STAGING, Stage.PRODUCTION}
    return f"It stands in {stage}; suspend or retire it first." if served else ""


def _delete(account: Account, version: ModelVersion, said: dict[str, Any]) -> Done:
    delete_version(actor=account.actor, version=version, **said)
    address = reverse("admin:model", args=[version.model.name])
    return Done(f"{version} is deleted; a tombstone stands in its place.", address)


DELETE = Act(
    name="delete",
    on=VERSION,
    verb=Verb.ADMINISTER,
    label="Delete",
    title=lambda version: f"Delete {version}",
    follows=lambda version: (
        f"{version} leaves every list and its page is gone. A tombstone stays: number and digest are never used again.",
        "An open promotion of it ends.",
    ),
    stays="This cannot be undone. Its entries on the trail and the stored bytes stay as they are.",
    form=DeletionForm,
    tone="block",
    why_not=_is_served,
    perform=_delete,
)
