"""What stands on the trail, and how far is it signed and witnessed?"""

import hashlib

from django import forms
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from audits.trail import Checkpoint, Entry, trail_state
from governance.actions import ACTIONS
from governance.admin.pages import address_of, render_page
from governance.selectors.version_file import names_of

PAGE = 50


class TrailFilter(forms.Form):
    """Which entries to show. A GET form: it only reads."""

    subject = forms.CharField(label="Subject begins with", required=False, max_length=300)
    action = forms.ChoiceField(label="Action", required=False)
    actor = forms.ChoiceField(label="Actor", required=False)
    before = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: object, *, actors: dict[str, str]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        action, actor = self.fields["action"], self.fields["actor"]
        assert isinstance(action, forms.ChoiceField)  # noqa: S101 -- tells mypy, checks nothing
        assert isinstance(actor, forms.ChoiceField)  # noqa: S101 -- tells mypy, checks nothing
        action.choices = [("", "Every action"), *((name, name) for name in sorted(ACTIONS))]
        actor.choices = [("", "Everybody"), *sorted(actors.items(), key=lambda pair: pair[1].lower())]


@require_safe
def show_trail(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The entries, newest first."""
    actors = names_of(Entry.objects.order_by().values_list("actor", flat=True).distinct())
    form = TrailFilter(request.GET, actors=actors)
    entries = Entry.objects.order_by("-index")
    wanted = form.cleaned_data if form.is_valid() else {}
    if wanted.get("subject"):
        entries = entries.filter(subject__startswith=wanted["subject"])
    for field in ("action", "actor"):
        if wanted.get(field):
            entries = entries.filter(**{field: wanted[field]})
    if wanted.get("before") is not None:
        entries = entries.filter(index__lt=wanted["before"])
    found = list(entries[: PAGE + 1])
    further = request.GET.copy()
    if len(found) > PAGE:
        further["before"] = str(found[PAGE - 1].index)
    return render_page(
        request,
        site,
        "trail.html",
        "Trail",
        form=form,
        lines=[(entry, actors.get(entry.actor, entry.actor), address_of(entry.subject)) for entry in found[:PAGE]],
        sentences=ACTIONS,
        further=further.urlencode() if len(found) > PAGE else "",
        is_filtered=bool(request.GET),
        state=trail_state(),
        newest=Checkpoint.objects.order_by("-size").first(),
    )


@require_safe
def show_entry(request: HttpRequest, site: AdminSite, index: int) -> HttpResponse:
    """One entry, verbatim, with the hash under which it stands in the tree."""
    entry = Entry.objects.filter(index=index).first()
    if entry is None:
        raise Http404("The trail has no such entry.")
    leaf = hashlib.sha256(b"\0" + entry.text.encode()).hexdigest()
    state = trail_state()
    return render_page(
        request,
        site,
        "entry.html",
        f"Entry {entry.index}",
        entry=entry,
        actor=names_of([entry.actor])[entry.actor],
        sentence=ACTIONS.get(entry.action, ""),
        address=address_of(entry.subject),
        leaf_hash=bytes(entry.leaf_hash).hex(),
        chain_hash=bytes(entry.chain_hash).hex(),
        fits=leaf == bytes(entry.leaf_hash).hex(),
        is_signed=entry.index < int(str(state["signed_size"])),
        is_witnessed=entry.index < int(str(state["witnessed_size"])),
        state=state,
        newest=Checkpoint.objects.order_by("-size").first(),
    )
