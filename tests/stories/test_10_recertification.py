"""A yes does not last for ever: what is live is certified anew, by time and when something happens.

What is due and overdue follows from the policies in force; promoting the version again where it stands renews it.
"""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.trail import Entry, now, verify
from governance.errors import Malformed, NotEntitled, RecertificationOverdue
from governance.models import Account, DeadlinePassed, Notice, Promotion, RecertificationTrigger, TriggerKind
from governance.roles import Group, Role
from governance.selectors.certifications import CertificationState, certification_of, live_certifications
from governance.selectors.projections import PROJECTIONS
from governance.services.certifications import raise_trigger, withdraw_overdue_aliases
from governance.services.deadlines import note_deadlines
from governance.services.promotions import request_promotion
from governance.services.retirements import retire_version, suspend_version
from governance.services.submissions import submit_version
from governance.supervisor.dispatcher import DISPATCHER, Dispatcher
from registry.errors import MoveImpossible
from registry.models import ModelVersion, RegisteredModel
from registry.selectors import find_in_production, get_version
from registry.stages import Rollout, Stage
from tests import make

pytestmark = pytest.mark.django_db


def asking(**asked: object) -> str:
    """Return the policy of the tests with a rule for re-certification."""
    rule = {"every_days": 100, "notice_days": 20, "triggers": ["drift", "upstream"], "grace_days": 5, **asked}
    told = ", ".join(f"{name}: {str(value).replace(chr(39), '')}" for name, value in rule.items())
    return f"{make.POLICY}recertification: {{{told}}}\n"


@pytest.fixture
def pipeline(db: None) -> Account:
    return make.contributor()


@pytest.fixture
def people(db: None) -> list[Account]:
    return [make.reviewer("rita-risk", Group.RISK), make.reviewer("carl-compliance", Group.COMPLIANCE)]


@pytest.fixture
def programme(pipeline: Account) -> RegisteredModel:
    return make.model(pipeline)


def state(version: ModelVersion, at: datetime) -> str:
    return certification_of(version, at=at).state.value


def drift(by: Account, version: ModelVersion) -> RecertificationTrigger:
    return raise_trigger(actor=by.actor, version=version, kind=TriggerKind.DRIFT, reason="The scores have moved.")


def renewed(by: Account, people: list[Account], version: ModelVersion) -> Promotion:
    return make.approved(people, make.promotion(by, get_version(version.model.name, version.number)))


# By time


def test_a_certification_runs_out_by_time_to_the_moment(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking())
    version = make.live(pipeline, people, programme)
    since = certification_of(version, at=now()).certified_at
    assert since
    moment = timedelta(microseconds=1)
    due, overdue = since + timedelta(days=80), since + timedelta(days=100)
    assert [state(version, at) for at in (since, due - moment, due, overdue - moment, overdue)] == [
        "certified",
        "certified",
        "due",
        "due",
        "overdue",
    ]


def test_due_and_overdue_are_on_record_once_and_people_are_told(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking())
    owner = make.account("olivia", Role.CONTRIBUTOR)
    version = make.live(owner, people, make.model(owner, "owned"))
    later = now() + timedelta(days=90)
    assert note_deadlines(actor=DISPATCHER, at=later) == 1
    assert note_deadlines(actor=DISPATCHER, at=later) == 0
    assert note_deadlines(actor=DISPATCHER, at=later + timedelta(days=20)) == 1
    assert list(DeadlinePassed.objects.order_by("id").values_list("kind", flat=True)) == [
        "recertification_due",
        "recertification",
    ]
    sentences = list(Notice.objects.filter(account=owner, about=version.subject).values_list("sentence", flat=True))
    assert any("is due for re-certification" in sentence for sentence in sentences)
    assert Notice.objects.filter(account=people[0], sentence__contains="is overdue since").count() == 1


def test_promoting_it_where_it_stands_certifies_it_anew_and_moves_nothing(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking())
    version = make.live(pipeline, people, programme)
    first = certification_of(version, at=now())

    renewed(pipeline, people, version)

    again = certification_of(version, at=now())
    assert first.certified_at
    assert again.certified_at
    assert again.certified_at > first.certified_at
    position = get_version("care-programme", 1).position
    assert (position.stage, position.rollout) == (Stage.PRODUCTION, Rollout.FULL)
    live = find_in_production(model=programme, alias="champion")
    assert live == version
    assert verify(projections=PROJECTIONS).flaws == []


def test_a_soak_is_asked_for_on_the_way_and_not_of_what_stands_there_already(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking())
    version = make.live(pipeline, people, programme)
    make.policy(asking() + "soak: {stage: staging, hours: 24}\n")
    promotion = renewed(pipeline, people, version)
    assert promotion.closure.outcome == "promoted"
    other = make.version(pipeline, programme, seed=2)
    make.completed(other)
    reasons = make.promotion(pipeline, other).decisions.latest("number").reasons
    assert {reason["code"] for reason in reasons if reason["requirement"] == "soak"} == {"wrong_stage"}


def test_without_a_rule_nothing_is_ever_due_and_a_new_rule_counts_from_the_last_promotion(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy()
    version = make.live(pipeline, people, programme)
    far = now() + timedelta(days=3000)
    assert state(version, far) == "certified"
    make.policy(asking())
    assert state(version, far) == "overdue"


def test_of_several_policies_the_earliest_counts(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking())
    make.policy(asking(every_days=10, notice_days=0).replace("policy: high-risk", "policy: strict"))
    version = make.live(pipeline, people, programme)
    found = certification_of(version, at=now() + timedelta(days=11))
    assert (found.state, len(found.terms)) == (CertificationState.OVERDUE, 2)
    assert found.overdue_at == found.certified_at + timedelta(days=10)  # type: ignore[operator]


def test_what_is_not_in_production_is_neither_due_nor_overdue(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking())
    operator = make.account("olga", Role.OPERATOR)
    version, far = make.live(pipeline, people, programme), now() + timedelta(days=300)
    assert state(make.version(pipeline, programme, seed=2), far) == "not_live"
    suspend_version(actor=operator.actor, version=version, reason="Complaints.")
    assert state(version, far) == "suspended"
    assert [one.state for one in live_certifications(at=far)] == [CertificationState.SUSPENDED]
    retire_version(actor=operator.actor, version=version, reason="No longer needed.")
    assert state(version, far) == "not_live"
    assert live_certifications(at=far) == []
    assert note_deadlines(actor=DISPATCHER, at=far) == 0


# By trigger


def test_a_trigger_makes_it_due_at_once_and_overdue_after_the_grace_until_it_is_renewed(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking())
    version = make.live(pipeline, people, programme)
    row = drift(pipeline, version)
    assert state(version, row.raised_at) == "due"
    assert state(version, row.raised_at + timedelta(days=5)) == "overdue"
    assert row.reason == "The scores have moved."

    renewed(pipeline, people, version)

    found = certification_of(version, at=now() + timedelta(days=5))
    assert (found.state, found.triggers) == (CertificationState.CERTIFIED, ())


def test_a_trigger_that_no_policy_names_is_on_record_and_makes_nothing_due(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking())
    version = make.live(pipeline, people, programme)
    raise_trigger(actor=people[0].actor, version=version, kind=TriggerKind.INCIDENT, reason="A complaint.")
    found = certification_of(version, at=now() + timedelta(days=10))
    assert (found.state, len(found.triggers)) == (CertificationState.CERTIFIED, 1)
    assert Entry.objects.filter(action="recertification.triggered", subject=version.subject).count() == 1


def test_only_what_is_in_production_is_triggered_with_a_reason_by_those_who_may(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking())
    version = make.version(pipeline, programme)
    with pytest.raises(MoveImpossible, match="development"):
        drift(pipeline, version)
    version = make.live(pipeline, people, programme, seed=2)
    with pytest.raises(Malformed):
        raise_trigger(actor=pipeline.actor, version=version, kind=TriggerKind.DRIFT, reason=" ")
    with pytest.raises(NotEntitled):
        drift(make.account("ana", Role.AUDITOR), version)
    assert not RecertificationTrigger.objects.exists()


# What others put out


def test_when_an_upstream_moves_those_that_consume_it_are_due_and_nobody_else(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking())
    operator = make.account("olga", Role.OPERATOR)
    upstream = make.live(pipeline, people, programme)
    consumer = submit_version(
        actor=pipeline.actor,
        model_name=make.model(pipeline, "consumer").name,
        artifact=make.artifact(pipeline, 7),
        tables={"evaluation": make.table(pipeline)},
        upstreams=[upstream],
    )
    waiting = submit_version(
        actor=pipeline.actor,
        model_name="consumer",
        artifact=make.artifact(pipeline, 8),
        tables={"evaluation": make.table(pipeline)},
        upstreams=[upstream],
    )
    bystander = make.live(pipeline, people, make.model(pipeline, "bystander"), seed=9)
    make.completed(consumer)
    make.approved(people, make.promotion(pipeline, consumer))
    assert state(consumer, now()) == "certified"

    renewed(pipeline, people, upstream)  # it stays where it is: nothing changes for others
    assert state(consumer, now()) == "certified"

    make.live(pipeline, people, programme, seed=2)  # the alias goes on, and the upstream is retired
    assert get_version("care-programme", 1).position.stage == Stage.RETIRED
    found = certification_of(consumer, at=now())
    assert (found.state, [row.because for row in found.triggers]) == (CertificationState.DUE, [upstream.subject])
    assert state(bystander, now()) == "certified"
    assert not waiting.triggers.exists()

    renewed(pipeline, people, consumer)
    assert state(consumer, now()) == "certified"
    suspend_version(actor=operator.actor, version=get_version("consumer", 1), reason="Complaints.")
    assert verify(projections=PROJECTIONS).flaws == []


def test_an_upstream_that_is_suspended_makes_its_consumers_due(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking())
    upstream = make.live(pipeline, people, programme)
    consumer = submit_version(
        actor=pipeline.actor,
        model_name=make.model(pipeline, "consumer").name,
        artifact=make.artifact(pipeline, 7),
        tables={"evaluation": make.table(pipeline)},
        upstreams=[upstream],
    )
    make.completed(consumer)
    make.approved(people, make.promotion(pipeline, consumer))
    suspend_version(actor=make.account("olga", Role.OPERATOR).actor, version=upstream, reason="Complaints.")
    assert state(consumer, now()) == "due"


# What overdue does


def test_warn_only_warns(pipeline: Account, people: list[Account], programme: RegisteredModel) -> None:
    make.policy(asking(grace_days=0))
    version = make.live(pipeline, people, programme)
    drift(pipeline, version)
    assert state(version, now()) == "overdue"
    assert withdraw_overdue_aliases(actor=DISPATCHER, at=now()) == 0
    request_promotion(actor=pipeline.actor, version=version, target=Stage.PRODUCTION, alias="challenger")


def test_block_moves_lets_it_go_nowhere_before_it_is_certified_anew(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking(grace_days=0, overdue="block_moves"))
    version = make.version(pipeline, programme)
    make.completed(version)
    shadow = request_promotion(actor=pipeline.actor, version=version, target=Stage.PRODUCTION, rollout=Rollout.SHADOW)
    make.approved(people, shadow)
    version = get_version("care-programme", 1)
    drift(pipeline, version)
    with pytest.raises(RecertificationOverdue, match="overdue since"):
        request_promotion(actor=pipeline.actor, version=version, target=Stage.PRODUCTION)
    assert not Promotion.objects.filter(rollout=Rollout.FULL).exists()

    # Another version of the model, which would take its place, is not held up.
    other = make.version(pipeline, programme, seed=2)
    assert make.promotion(pipeline, other)

    again = request_promotion(actor=pipeline.actor, version=version, target=Stage.PRODUCTION, rollout=Rollout.SHADOW)
    make.approved(people, again)
    assert request_promotion(actor=pipeline.actor, version=version, target=Stage.PRODUCTION)


def test_withdraw_alias_takes_the_name_away_once_and_certifying_it_anew_gives_it_back(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking(grace_days=0, overdue="withdraw_alias"))
    version = make.live(pipeline, people, programme)
    Dispatcher().round()
    assert find_in_production(model=programme, alias="champion") == version
    drift(pipeline, version)

    Dispatcher().round()

    assert find_in_production(model=programme, alias="champion") is None
    assert get_version("care-programme", 1).position.stage == Stage.PRODUCTION
    assert Entry.objects.filter(action="alias.withdrawn").count() == 1
    assert DeadlinePassed.objects.filter(kind="recertification").count() == 1
    assert withdraw_overdue_aliases(actor=DISPATCHER, at=now()) == 0

    renewed(pipeline, people, version)
    assert find_in_production(model=programme, alias="champion") == version
    assert withdraw_overdue_aliases(actor=DISPATCHER, at=now()) == 0
    assert verify(projections=PROJECTIONS).flaws == []


def test_the_number_of_queries_does_not_grow_with_what_is_live(
    pipeline: Account, people: list[Account], programme: RegisteredModel
) -> None:
    make.policy(asking())
    make.live(pipeline, people, programme)
    one = _queries()
    for seed in (2, 3):
        make.live(pipeline, people, make.model(pipeline, f"model-{seed}"), seed=seed)
    assert len(live_certifications(at=now())) == 3
    assert _queries() == one


def _queries() -> int:
    with CaptureQueriesContext(connection) as captured:
        list(live_certifications(at=now()))
    return len(captured)
