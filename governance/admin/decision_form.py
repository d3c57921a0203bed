"""What does a word about a promotion consist of, on the desk?"""

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms

from governance.admin.standing import Standing
from governance.models import Account, AccountKind
from governance.policy_format import SignOff
from governance.selectors.words import Content
from governance.services.conditions import Demand


class DecisionForm(forms.Form):
    """A word, for whom, and why; what it means and what it depends on, where there is something to say."""

    verdict = forms.ChoiceField(choices=[("approve", "Approve"), ("refuse", "Refuse")], widget=forms.HiddenInput)
    group = forms.ChoiceField(label="You speak for")
    reason = forms.CharField(
        label="Your reason",
        help_text="One sentence or more. It stays on the record with your decision.",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say why in a sentence: the reason is part of the record."},
    )
    meaning = forms.ChoiceField(label="Your signature means", required=False)
    condition = forms.CharField(label="What must still be done", max_length=4000, required=False)
    owner = forms.ChoiceField(label="By whom", required=False)
    due = forms.DateField(
        label="Until the end of (UTC)",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    artifact_sha256 = forms.CharField(widget=forms.HiddenInput)
    evidence_sha256 = forms.CharField(widget=forms.HiddenInput)
    policy_sha256 = forms.CharField(widget=forms.HiddenInput)
    decision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, standing: Standing, sign_off: SignOff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seats = {seat.key: seat for seat in standing.seats}
        self._offer("group", [(seat.key, seat.label[:1].upper() + seat.label[1:]) for seat in standing.seats])
        people = Account.objects.filter(kind=AccountKind.PERSON, is_active=True).order_by("display_name")
        self._offer("owner", [("", "Nobody yet"), *((str(one.uid), one.display_name) for one in people)])
        self._offer("meaning", [(meaning, meaning.replace("_", " ")) for meaning in sign_off.meanings])
        if not sign_off.meanings:
            del self.fields["meaning"]

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- tells mypy, checks nothing
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        word: dict[str, Any] = super().clean() or {}
        parts = [bool(word.get(name)) for name in ("condition", "owner", "due")]
        if any(parts) and word.get("verdict") == "refuse":
            raise forms.ValidationError("A refusal has no condition; leave it empty, or approve.")
        if any(parts) and not all(parts):
            raise forms.ValidationError("A condition says what must be done, by whom and until when.")
        return word

    def word(self) -> dict[str, Any]:
        """Return the valid form as the services take it."""
        said = self.cleaned_data
        seat = self._seats[said["group"]]
        names = ("artifact_sha256", "evidence_sha256", "policy_sha256", "decision")
        word = {
            "group": seat.group,
            "on_behalf_of": seat.delegator,
            "reason": said["reason"],
            "seen": Content(**{name: said[name] for name in names}),
        }
        if said["verdict"] == "approve":
            word["meaning"] = said.get("meaning", "")
        if said.get("condition"):
            owner = Account.objects.get(uid=said["owner"])
            word["conditions"] = [Demand(said["condition"], owner, _end_of(said["due"]))]
        return word

    def said(self) -> dict[str, Any]:
        """Return the valid form in words, for the page on which it is confirmed."""
        said = self.cleaned_data
        owners = dict(self.fields["owner"].choices)  # type: ignore[attr-defined]
        return {
            **said,
            "speaks_for": self._seats[said["group"]].label,
            "owner": owners[said["owner"]],
            "meaning": said.get("meaning", "").replace("_", " "),
        }


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), UTC)
