"""How does a page of the desk come about?"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.contrib.admin import AdminSite
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from audits.errors import DomainError
from governance.models import Account, AccountKind
from governance.roles import Role, Verb, allows
from governance.services.authority import is_allowed

T = TypeVar("T")
# Gets the request, the site, and the parts of the address by name.
View = Callable[..., HttpResponseBase]


def render_page(
    request: HttpRequest, site: AdminSite, template: str, title: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Render a template of the desk inside the site's frame: sidebar, header, messages."""
    everything = {**site.each_context(request), "title": title, "subtitle": None, **context}
    return TemplateResponse(request, f"desk/{template}", everything, status=status)


def found(find: Callable[..., T], *parts: Any, **named: Any) -> T:
    """Return what a page is about. Raises: Http404 with the sentence of the error that says there is no such thing."""
    try:
        return find(*parts, **named)
    except DomainError as problem:
        raise Http404(problem.detail) from None


def account_of(request: HttpRequest) -> Account:
    """Return who is signed in. The site has let nobody else through."""
    if isinstance(request.user, AnonymousUser):
        raise TypeError("this page was reached without signing in")
    return request.user


def roles_of(request: HttpRequest) -> set[Role]:
    """Return the roles of whoever is signed in; asked many times a page, read once."""
    held: set[Role] | None = request.__dict__.get("roles_held")
    if held is None:
        user = request.user
        held = set()
        if isinstance(user, Account) and user.is_active and user.kind == AccountKind.PERSON:
            held = user.roles()
        request.__dict__["roles_held"] = held
    return held


def may(request: HttpRequest, verb: Verb) -> bool:
    """Return whether to offer a verb to whoever is signed in. The service decides again when it is used."""
    if allows(roles_of(request), verb):
        return True
    user = request.user
    return isinstance(user, Account) and user.is_active and user.kind == AccountKind.PERSON and is_allowed(user, verb)


def moment(stamp: str | None) -> datetime | None:
    """Return a time of a version's file as a moment a template can print."""
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")) if stamp else None


def address_of(subject: str) -> str | None:
    """Return the page about an entry's subject, or None when there is none."""
    kind, _, rest = subject.partition("/")
    name, _, number = rest.rpartition("/")
    if kind == "promotion":
        return reverse("admin:promotion", args=[rest])
    if kind == "policy_draft":
        return reverse("admin:policy_draft", args=[rest])
    if kind == "model":
        return reverse("admin:model", args=[rest])
    if kind == "version" and number.isdigit():
        return reverse("admin:version", args=[name, number])
    if kind == "policy" and number.isdigit():
        return reverse("admin:policy", args=[name, number])
    return None
