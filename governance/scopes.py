"""How far does a token reach: which verbs, which models by name, which target stages, and until when?

A restriction that is left out restricts nothing. What a token is given lies within what whoever gives it holds.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

# A model's name, or how names begin, with a star at the end.
NAMES = re.compile(r"[^*/\x00-\x1f]{1,256}\*?")
TARGETS = ("production", "staging")


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be done, to which models and for which targets; no names or targets means all of them."""

    verbs: frozenset[str]
    models: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()

    def covers(self, model: str) -> bool:
        """Return whether a model of this name is within reach."""
        return not self.models or any(_begins(model, names) for names in self.models)

    def beyond(self, other: "Scope") -> list[str]:
        """Return what `other` has and this has not, in words; nothing when it lies within."""
        found = sorted(other.verbs - self.verbs)
        found += _outside(self.models, other.models, "all models")
        if self.targets:
            found += sorted(other.targets - self.targets) or ([] if other.targets else ["all targets"])
        return found


def scope(*, verbs: Iterable[str], models: Iterable[str] = (), targets: Iterable[str] = ()) -> Scope:
    """Return the scope of a token as it is stored."""
    return Scope(frozenset(verbs), frozenset(models), frozenset(targets))


def _outside(wide: Collection[str], narrow: Collection[str], everything: str) -> list[str]:
    if not wide:
        return []
    if not narrow:
        return [everything]
    return sorted(names for names in narrow if not any(_begins(names, reach) for reach in wide))


def _begins(names: str, reach: str) -> bool:
    """Return whether a name, or all names that begin in a way, lie within `reach`."""
    return names.startswith(reach[:-1]) if reach.endswith("*") else names == reach
