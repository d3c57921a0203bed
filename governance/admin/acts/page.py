"""How does any act go: read what will happen, fill in, confirm by sending, come back?

Looking is a GET and changes nothing; doing is a POST with the page's own token, which carries what the page showed. A
refusal of the use case is a sentence beside the form, with the status it has in the API.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from audits.errors import DomainError
from governance.admin.acts.act import Act, Done, Offer, Offered
from governance.admin.acts.forms import ActForm
from governance.admin.pages import View, account_of, found, may, render_page
from governance.roles import ALLOWED, Verb

T = TypeVar("T")
CHANGED = "What the page showed has changed meanwhile. Nothing was recorded; read it again, then decide."
AT_ONCE = "Somebody else acted at the same moment. Nothing was recorded for you; read it again."


def view_of(act: Act[Any]) -> View:
    """Return the view of an act."""

    @sensitive_post_parameters("password")
    @require_http_methods(["GET", "HEAD", "POST"])
    def show(request: HttpRequest, site: AdminSite, **parts: Any) -> HttpResponse:
        thing = found(act.on.find, **parts)
        why_not = _why_not(request, act, thing)
        if request.method != "POST":
            return _page(request, site, act, thing, None if why_not else _form(request, act, thing), why_not=why_not)
        if why_not:
            status = 409 if may(request, act.verb) else 403
            return _page(request, site, act, thing, None, why_not=why_not, status=status)
        form = _form(request, act, thing)
        done = _attempt(request, act, thing, form)
        if isinstance(done, int):
            return _page(request, site, act, thing, form, status=done)
        messages.success(request, done.sentence)
        return redirect(done.address)

    return show


def _attempt(request: HttpRequest, act: Act[Any], thing: Any, form: ActForm) -> Done | int:
    """Do it through the use case; return what became of it, or the status under which the form says why not."""
    is_valid = form.is_valid()
    if request.POST.get("seen", "") != act.on.state(thing):
        form.errors.clear()
        form.add_error(None, CHANGED)
        return 409
    if not is_valid:
        return 422
    try:
        return act.perform(account_of(request), thing, form.said())
    except DomainError as problem:
        form.refuse(problem)
        return problem.status
    except IntegrityError:
        form.add_error(None, AT_ONCE)
        return 409


def _form(request: HttpRequest, act: Act[Any], thing: Any) -> ActForm:
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    return act.form(*given, about=thing, account=account_of(request), signs=act.signs(thing))


def _why_not(request: HttpRequest, act: Act[T], thing: T) -> str:
    """Return why the person does not do this: the role first, then what stands in the way now."""
    if not may(request, act.verb):
        return f"This takes the role {' or '.join(_roles_with(act.verb))}."
    return act.why_not(account_of(request), thing)


def _roles_with(verb: Verb) -> list[str]:
    return sorted(role.value for role, verbs in ALLOWED.items() if verb in verbs)


def _page(
    request: HttpRequest,
    site: AdminSite,
    act: Act[T],
    thing: T,
    form: ActForm | None,
    *,
    why_not: str = "",
    status: int = 200,
) -> HttpResponse:
    return render_page(
        request,
        site,
        "act.html",
        act.title(thing),
        status=status,
        act=act,
        follows=act.follows(thing),
        past=act.past(thing),
        form=form,
        # Read now and not taken from what was posted: after a refusal it is this page that was read.
        seen=act.on.state(thing),
        why_not=why_not,
        back=act.on.page(thing),
        has_files=form is not None and form.is_multipart(),
    )


def offers(request: HttpRequest, acts: Iterable[Act[T]], thing: T) -> list[Offer]:
    """Return the acts as a page offers them to whoever is signed in, what can be done first."""
    made = [
        Offer(act, reverse(f"admin:{act.page_name}", kwargs=dict(act.on.parts(thing))), _why_not(request, act, thing))
        for act in acts
    ]
    return sorted(made, key=lambda offer: bool(offer.why_not))


def acts_for(request: HttpRequest, acts: Iterable[Act[T]], thing: T) -> Offered:
    """Return what a page's box of acts is made from: what is offered, and what is not, with the reason."""
    made = offers(request, acts, thing)
    return Offered([one for one in made if not one.why_not], [one for one in made if one.why_not])


def paths(acts: Iterable[Act[Any]]) -> list[tuple[str, View, str]]:
    """Return address, view and name of each act's page."""
    return [(f"{act.on.path}{act.name}/", view_of(act), act.page_name) for act in acts]
