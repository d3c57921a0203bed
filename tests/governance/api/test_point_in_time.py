"""What was true then: for every past instant the API answers what it answered at that instant."""

import random
from datetime import timedelta
from typing import Any

import pytest

from audits.errors import DomainError
from audits.trail import now
from governance.models import Account
from governance.roles import Group, Role, Verb
from governance.services.aliases import assign_alias
from governance.services.attachments import attach_evidence
from governance.services.retirements import delete_version, retire_version, suspend_version
from governance.services.rollbacks import roll_back
from registry.models import RegisteredModel
from registry.selectors import list_versions
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db
NAME = "care-programme"
STAGES = ("development", "staging", "production", "suspended", "retired")


def told(api: Caller, at: str = "") -> dict[str, Any]:
    """Return all that the API says about a model, now or at a moment."""
    when = {"at": at} if at else {}
    paths = [f"models/{NAME}/versions", f"models/{NAME}/aliases"]
    paths += [f"models/{NAME}/versions/{number}" for number in range(1, 6)]
    paths += [f"models/{NAME}/aliases/{alias}" for alias in ("champion", "baseline")]
    answers = {path: api.get(path, when) for path in paths}
    for stage in STAGES:
        answers[stage] = api.get(f"models/{NAME}/versions", {**when, "stage": stage})
    answers["by alias"] = api.get(f"models/{NAME}/versions", {**when, "alias": "champion"})
    return {
        path: answer.json() if answer.status_code == 200 else answer.status_code for path, answer in answers.items()
    }


class World:
    def __init__(self, pipeline: Account) -> None:
        self.pipeline = pipeline
        self.people = [make.reviewer("rita", Group.RISK), make.reviewer("carl", Group.COMPLIANCE)]
        self.olga = make.account("olga", Role.OPERATOR)
        self.model: RegisteredModel = make.model(pipeline, NAME)
        self.seed = 0

    def live(self, dice: random.Random) -> None:
        self.seed += 1
        make.live(self.pipeline, self.people, self.model, self.seed)

    def register(self, dice: random.Random) -> None:
        self.seed += 1
        make.version(self.pipeline, self.model, self.seed)

    def name(self, dice: random.Random) -> None:
        assign_alias(actor=self.pipeline.actor, version=self._one(dice), alias="baseline")

    def attach(self, dice: random.Random) -> None:
        document = make.document(self.pipeline, f"# Card\n\nEdition {dice.random()}.\n")
        attach_evidence(actor=self.pipeline.actor, version=self._one(dice), purpose="dpia", evidence=document)

    def suspend(self, dice: random.Random) -> None:
        suspend_version(actor=self.olga.actor, version=self._one(dice), reason="Complaints.")

    def retire(self, dice: random.Random) -> None:
        retire_version(actor=self.olga.actor, version=self._one(dice), reason="Old.")

    def delete(self, dice: random.Random) -> None:
        delete_version(actor=self.olga.actor, version=self._one(dice), reason="A mistake.")

    def back(self, dice: random.Random) -> None:
        roll_back(actor=self.olga.actor, model=self.model, alias="champion", reason="Complaints.")

    def _one(self, dice: random.Random) -> Any:
        return dice.choice(list(list_versions().filter(model=self.model)))


ACTS = (World.register, World.name, World.attach, World.suspend, World.retire, World.delete, World.back, World.live)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak), pytest.param(3, marks=pytest.mark.soak)])
def test_every_instant_is_answered_as_it_was(pipeline: Account, calling, seed: int) -> None:
    api, world, dice = calling(pipeline), World(pipeline), random.Random(seed)
    before_all = now()
    seen: list[tuple[str, dict[str, Any]]] = []
    for act in (World.live, World.live, *dice.sample(ACTS, len(ACTS))):
        try:
            act(world, dice)
        except (DomainError, IndexError):
            continue
        seen.append((now().isoformat(), told(api)))
    assert len(seen) >= 5
    assert told(api, now().isoformat()) == told(api)
    for at, answer in seen:
        assert told(api, at) == answer, at
    nothing = told(api, before_all.isoformat())
    assert (nothing[f"models/{NAME}/versions"]["items"], nothing[f"models/{NAME}/aliases"]["items"]) == ([], [])


def test_the_future_is_not_known_and_a_time_needs_its_form(pipeline: Account, calling) -> None:
    make.version(pipeline, make.model(pipeline))
    api = calling(pipeline, Verb.READ)
    for at in ((now() + timedelta(hours=1)).isoformat(), "yesterday", "2026-13-01T00:00:00Z"):
        answer = api.get(f"models/{NAME}/versions/1", {"at": at})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "at")
    assert api.get(f"models/{NAME}/versions/1", {"at": "2001-01-01T00:00:00Z"}).json()["code"] == "unknown_version"


def test_how_a_version_came_to_stand_where_it_stands_is_listed(pipeline: Account, calling) -> None:
    world = World(pipeline)
    world.live(random.Random(1))
    moves = calling(pipeline, Verb.READ).get(f"models/{NAME}/versions/1/moves").json()["items"]
    assert [(move["from_stage"], move["to_stage"], move["rollout"]) for move in moves] == [
        ("development", "production", "full"),
        ("", "development", ""),
    ]
