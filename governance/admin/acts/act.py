"""What does an act at the desk consist of?

A declaration names what it is done to, the verb it needs, what its form asks, what it says will happen, and the one use
case it calls. The page, the refusals, the password and the way back are the same for all (`page.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from governance.admin.acts.forms import ActForm
from governance.models import Account
from governance.roles import Verb

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """What acts are done to: how to find one, where its page is, and what tells that it has changed.

    `path` begins with the kind and ends with a slash; `find` takes its parts and raises a DomainError when there is no
    such thing. `state` is compared before anything is done: whoever read the page has read what still stands there.
    """

    name: str
    path: str
    find: Callable[..., T]
    parts: Callable[[T], Mapping[str, Any]]
    page: Callable[[T], str]
    state: Callable[[T], str]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an act, in a sentence, and where to go on reading."""

    sentence: str
    address: str


@dataclass(frozen=True, slots=True)
class Act(Generic[T]):
    """One thing a person can do.

    `why_not` returns the sentence why this person does not do it to this thing now, besides the role, or nothing;
    `perform` calls the use case with what the form says. `past` lists what it goes past, if it does. `tone` is that of
    the page and the button: `plain`, `wait` (weigh it) or `block` (it takes something away). `signs` tells whether a
    policy asks for the password.
    """

    name: str
    on: Kind[T]
    verb: Verb
    label: str
    title: Callable[[T], str]
    follows: Callable[[T], Sequence[str]]
    stays: str
    perform: Callable[[Account, T, dict[str, Any]], Done]
    why_not: Callable[[Account, T], str]
    form: type[ActForm] = field(default=ActForm)
    past: Callable[[T], Sequence[str]] = lambda thing: ()
    tone: str = "plain"
    signs: Callable[[T], bool] = lambda thing: False

    @property
    def page_name(self) -> str:
        return f"{self.name}_{self.on.name}"


@dataclass(frozen=True, slots=True)
class Offer:
    """An act as a page offers it, or the sentence why it does not."""

    act: Act[Any]
    address: str
    why_not: str


@dataclass(frozen=True, slots=True)
class Offered:
    """What a person can do on a page, and what not and why."""

    open: list[Offer]
    withheld: list[Offer]
