"""A policy takes two people: one proposes it, another approves it; only the product's own come by themselves."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from audits.trail import Actor, Entry
from governance.errors import (
    AlreadyInForce,
    NotEntitled,
    NotShipped,
    OwnSubmission,
    PolicyDraftClosed,
    PolicyMalformed,
    UnknownPolicyDraft,
)
from governance.models import Account, ApprovalLapse, Notice, PolicyDraft, PolicyVersion
from governance.roles import Group, Role
from governance.selectors.policies import editions_in_force
from governance.services import policies
from governance.services.approvals import approve_promotion
from governance.supervisor.dispatcher import Dispatcher
from tests import make

pytestmark = pytest.mark.django_db

STRICTER = make.POLICY.replace("min_ratio: 0.8", "min_ratio: 0.9")
SHELL = Actor.process("command:publish_policy")
MINIMAL = next(path for path in policies.SHIPPED if path.stem == "minimal-risk").read_text()


@pytest.fixture
def ola(db: None) -> Account:
    return make.account("ola", Role.OPERATOR)


@pytest.fixture
def otto(db: None) -> Account:
    return make.account("otto", Role.OPERATOR)


def test_what_one_operator_proposes_another_puts_in_force(ola: Account, otto: Account) -> None:
    draft = policies.propose_policy(actor=ola.actor, text=STRICTER, reason="The board asked for it.")
    assert draft.reason == "The board asked for it."
    assert editions_in_force() == []
    edition = policies.approve_policy(actor=otto.actor, uid=draft.uid)
    assert [item.edition for item in editions_in_force()] == [edition]
    assert (edition.authored_by, edition.published_by) == (str(ola.actor), str(otto.actor))
    actions = Entry.objects.order_by("-index").values_list("action", flat=True)[:3]
    assert list(actions) == ["policy.approved", "policy.published", "policy.proposed"]


def test_proposing_the_same_again_is_one_proposal(ola: Account, otto: Account) -> None:
    first = policies.propose_policy(actor=ola.actor, text=STRICTER)
    assert policies.propose_policy(actor=ola.actor, text=STRICTER) == first
    assert policies.propose_policy(actor=otto.actor, text=STRICTER) != first
    policies.withdraw_policy(actor=ola.actor, uid=first.uid)
    assert policies.propose_policy(actor=ola.actor, text=STRICTER) != first


def test_a_text_in_force_is_not_proposed_or_approved_again(ola: Account, otto: Account) -> None:
    one, same = (policies.propose_policy(actor=one.actor, text=STRICTER) for one in (ola, otto))
    policies.approve_policy(actor=otto.actor, uid=one.uid)
    with pytest.raises(AlreadyInForce, match="in force already, as edition 1"):
        policies.approve_policy(actor=ola.actor, uid=same.uid)
    with pytest.raises(AlreadyInForce):
        policies.propose_policy(actor=ola.actor, text=STRICTER)
    assert PolicyVersion.objects.count() == 1


@pytest.mark.parametrize("decide", [policies.approve_policy, policies.refuse_policy])
def test_nobody_decides_about_an_own_proposal_and_no_program_about_any(
    ola: Account, decide: Callable[..., Any]
) -> None:
    draft = policies.propose_policy(actor=ola.actor, text=STRICTER)
    pipeline = make.account("deployer", Role.OPERATOR, kind="pipeline")
    with pytest.raises(OwnSubmission):
        decide(actor=ola.actor, uid=draft.uid)
    for actor in (pipeline.actor, SHELL, make.contributor().actor, make.reviewer("rita", Group.RISK).actor):
        with pytest.raises(NotEntitled):
            decide(actor=actor, uid=draft.uid)
    assert not hasattr(PolicyDraft.objects.get(), "closure")


def test_a_closed_proposal_stays_closed(ola: Account, otto: Account) -> None:
    ends = (
        (policies.approve_policy, otto, "published"),
        (policies.refuse_policy, otto, "refused"),
        (policies.withdraw_policy, ola, "withdrawn"),
    )
    for number, (end, who, word) in enumerate(ends):
        text = make.POLICY.replace("min_ratio: 0.8", f"min_ratio: 0.9{number}")
        draft = policies.propose_policy(actor=ola.actor, text=text)
        end(actor=who.actor, uid=draft.uid)
        for again, by, _ in ends:
            with pytest.raises(PolicyDraftClosed, match=f"was {word} on"):
                again(actor=by.actor, uid=draft.uid)


def test_only_the_author_withdraws(ola: Account, otto: Account) -> None:
    draft = policies.propose_policy(actor=ola.actor, text=STRICTER)
    with pytest.raises(NotEntitled, match="Only whoever proposed"):
        policies.withdraw_policy(actor=otto.actor, uid=draft.uid)
    with pytest.raises(UnknownPolicyDraft):
        policies.withdraw_policy(actor=ola.actor, uid=uuid4())


def test_a_malformed_text_is_no_proposal(ola: Account) -> None:
    with pytest.raises(PolicyMalformed):
        policies.propose_policy(actor=ola.actor, text=STRICTER.replace("fairness.", "fairnes."))
    assert not PolicyDraft.objects.exists()


def test_only_the_products_own_texts_come_into_force_without_a_second_person(ola: Account) -> None:
    edition = policies.publish_shipped_policy(actor=SHELL, text=MINIMAL)
    assert (edition.authored_by, edition.published_by) == ("process:countersign", str(SHELL))
    assert policies.publish_shipped_policy(actor=SHELL, text=MINIMAL) == edition
    with pytest.raises(NotShipped):
        policies.publish_shipped_policy(actor=SHELL, text=MINIMAL + "\n")
    with pytest.raises(NotEntitled):
        policies.publish_shipped_policy(actor=ola.actor, text=MINIMAL)


def test_a_shipped_text_does_not_replace_an_edition_of_ones_own(ola: Account, otto: Account) -> None:
    policies.publish_shipped_policy(actor=SHELL, text=MINIMAL)
    own = policies.propose_policy(actor=ola.actor, text=MINIMAL.replace("0.6", "0.8"))
    policies.approve_policy(actor=otto.actor, uid=own.uid)
    with pytest.raises(NotShipped, match="an edition of your own has replaced it"):
        policies.publish_shipped_policy(actor=SHELL, text=MINIMAL)


def test_a_new_edition_makes_approvals_of_open_promotions_lapse_without_anybody_acting() -> None:
    make.policy()
    pipeline, rita = make.contributor(), make.reviewer("rita", Group.RISK)
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version)
    promotion = make.promotion(pipeline, version)
    approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Within the limits.")
    dispatcher = Dispatcher()
    dispatcher.round()
    assert not ApprovalLapse.objects.exists()
    make.policy(STRICTER)
    dispatcher.round()
    assert ApprovalLapse.objects.get().because == "policies"
    assert "lapsed: policies changed" in Notice.objects.get(account=rita).sentence
    assert promotion.decisions.order_by("-number").first().policies[0]["number"] == 2
