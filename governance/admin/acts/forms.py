"""What do the forms of acts ask?"""

from typing import Any

from django import forms

from audits.errors import DomainError
from governance.models import Account

LONGEST_TEXT = 4000


def sentence(label: str, hint: str = "", **more: Any) -> forms.CharField:
    """Return a field for a reason or a note: a few lines that stay on the record."""
    missing = "Say it in a sentence: it is part of the record."
    return forms.CharField(
        label=label,
        help_text=hint or "One sentence or more. It stays on the record.",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": missing},
        **more,
    )


class ActForm(forms.Form):
    """The form of an act; by itself it asks for nothing.

    `about` is what the act is done to, `account` who does it. `password` is asked for where the act is signed.
    """

    def __init__(self, *args: Any, about: Any, account: Account, signs: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.about, self.account = about, account
        if signs:
            self.fields["password"] = forms.CharField(
                label="Your password, as your signature",
                strip=False,
                widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
                error_messages={"required": "A policy asks for your password here."},
            )

    def offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Give a field of choices what can be chosen."""
        chosen = self.fields[name]
        assert isinstance(chosen, forms.ChoiceField)  # noqa: S101 -- tells mypy, checks nothing
        chosen.choices = choices

    def said(self) -> dict[str, Any]:
        """Return the valid form as the use case takes it."""
        return self.cleaned_data

    def refuse(self, problem: DomainError) -> None:
        """Show a refusal of the use case: beside the field it names, or above the form."""
        named = str(problem.context.get("field", "")).partition(".")[0]
        self.add_error(named if named in self.fields else None, problem.detail)


class Reasoned(ActForm):
    """Asks why, and nothing else."""

    reason = sentence("Why")
