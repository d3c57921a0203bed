"""A word is its speaker's own by a role, or spoken in somebody's place for a time; nobody speaks in an own cause."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from audits.trail import Entry, now, verify
from governance.errors import AlreadyDecided, DelegationEnded, Malformed, NotEntitled, OwnSubmission, Recused
from governance.models import Account, Approval
from governance.roles import Group, Role
from governance.selectors.projections import PROJECTIONS
from governance.services.approvals import approve_promotion, refuse_promotion
from governance.services.delegations import delegate_review, recuse, revoke_delegation
from registry.stages import Stage
from tests import make
from tests.stories.waiting import Ready, sentence, stage, yes

pytestmark = pytest.mark.django_db

APART = make.POLICY + "separation: [training_owner, evidence_author, policy_author]\n"


def lend(by: Account, to: Account, group: Group = Group.RISK, **more: Any) -> Any:
    return delegate_review(actor=by.actor, delegate=to, group=group, ends_at=now() + timedelta(days=7), **more)


def test_a_delegate_speaks_in_the_place_of_a_reviewer_and_both_names_are_on_record(
    rita: Account, carl: Account, dora: Account, ready: Ready
) -> None:
    promotion = ready()
    lend(rita, dora)
    approval = yes(promotion, dora, on_behalf_of=rita)
    assert (approval.approver, approval.on_behalf_of) == (str(dora.actor), str(rita.actor))
    entry = Entry.objects.get(action="approval.given")
    assert entry.actor == str(dora.actor)
    assert str(rita.actor) in entry.text
    yes(promotion, carl, Group.COMPLIANCE)
    assert stage() == Stage.PRODUCTION
    assert verify(projections=PROJECTIONS).flaws == []


def test_who_has_spoken_through_somebody_speaks_no_more(rita: Account, dora: Account, ready: Ready) -> None:
    promotion = ready(make.POLICY.replace("group: risk, count: 1", "group: risk, count: 2"))
    lend(rita, dora)
    yes(promotion, dora, on_behalf_of=rita)
    with pytest.raises(AlreadyDecided, match="You approved for risk through somebody else"):
        yes(promotion, rita)


def test_nobody_speaks_for_somebody_who_has_spoken(rita: Account, dora: Account, ready: Ready) -> None:
    promotion = ready(make.POLICY.replace("group: risk, count: 1", "group: risk, count: 2"))
    lend(rita, dora)
    yes(promotion, rita)
    with pytest.raises(AlreadyDecided, match="The person you speak for approved"):
        yes(promotion, dora, on_behalf_of=rita)


def test_a_delegation_ends_with_its_revocation_and_what_was_said_stays_said(
    rita: Account, carl: Account, dora: Account, ready: Ready
) -> None:
    promotion = ready()
    delegation = lend(rita, dora)
    yes(promotion, dora, on_behalf_of=rita)
    revoke_delegation(actor=rita.actor, uid=delegation.uid)
    again = revoke_delegation(actor=rita.actor, uid=delegation.uid)
    assert again == delegation.revocation
    with pytest.raises(NotEntitled):
        recuse(actor=dora.actor, uid=promotion.uid, reason="Nothing lent, nothing to do.")
    yes(promotion, carl, Group.COMPLIANCE)
    assert stage() == Stage.PRODUCTION


def test_a_lent_right_is_not_handed_on(rita: Account, dora: Account) -> None:
    lend(rita, dora)
    with pytest.raises(NotEntitled, match="lent is not handed on"):
        lend(dora, make.account("emil"))


def test_a_lent_right_ends_with_the_role_it_comes_from(rita: Account, dora: Account, ready: Ready) -> None:
    promotion = ready()
    lend(rita, dora)
    make.accounts.revoke_role(actor=make.COMMAND, grant=rita.role_grants.get())
    with pytest.raises(NotEntitled):
        yes(promotion, dora, on_behalf_of=rita)


def test_a_delegation_covers_its_model_its_group_and_its_time_only(
    pipeline: Account, rita: Account, dora: Account, ready: Ready
) -> None:
    promotion = ready()
    lend(rita, dora, model=make.model(pipeline, "another-programme"))
    with pytest.raises(NotEntitled, match="has not lent you"):
        yes(promotion, dora, on_behalf_of=rita)
    lend(rita, dora, starts_at=now() + timedelta(days=1))
    with pytest.raises(NotEntitled, match="has not lent you"):
        yes(promotion, dora, on_behalf_of=rita)
    lend(rita, dora)
    with pytest.raises(NotEntitled, match="has not lent you"):
        yes(promotion, dora, Group.COMPLIANCE, on_behalf_of=rita)
    yes(promotion, dora, on_behalf_of=rita)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"delegate": "rita-risk"}, "delegate"),
        ({"delegate": "training-pipeline"}, "delegate"),
        ({"delegate": "gone"}, "delegate"),
        ({"starts_at": timedelta(minutes=-1)}, "starts_at"),
        ({"ends_at": timedelta(0)}, "ends_at"),
        ({"ends_at": timedelta(days=90, hours=1)}, "ends_at"),
    ],
)
def test_a_delegation_that_cannot_be_is_refused(
    pipeline: Account, rita: Account, dora: Account, changes: dict[str, Any], field: str
) -> None:
    gone = make.account("gone")
    Account.objects.filter(pk=gone.pk).update(is_active=False)
    asked: dict[str, Any] = {"delegate": dora, "ends_at": now() + timedelta(days=1)}
    for name, value in changes.items():
        asked[name] = make.accounts.get_account(value) if name == "delegate" else now() + value
    with pytest.raises(Malformed) as refused:
        delegate_review(actor=rita.actor, group=Group.RISK, **asked)
    assert refused.value.context["field"] == field


def test_only_its_giver_revokes_a_delegation_and_nobody_what_is_over(
    rita: Account, carl: Account, dora: Account
) -> None:
    delegation = lend(rita, dora)
    with pytest.raises(NotEntitled):
        revoke_delegation(actor=carl.actor, uid=delegation.uid)
    short = delegate_review(actor=rita.actor, delegate=dora, group=Group.RISK, ends_at=now() + timedelta(seconds=2))
    time.sleep(2.01)
    with pytest.raises(DelegationEnded):
        revoke_delegation(actor=rita.actor, uid=short.uid)


def test_whoever_steps_aside_is_not_counted_and_not_heard(
    rita: Account, carl: Account, dora: Account, ready: Ready
) -> None:
    promotion = ready()
    yes(promotion, rita)
    recuse(actor=rita.actor, uid=promotion.uid, reason="My brother trained it.")
    assert "withdrawn by recusal" in sentence(promotion, "risk")
    yes(promotion, carl, Group.COMPLIANCE)
    assert stage() == Stage.DEVELOPMENT

    rolf = make.reviewer("rolf-risk", Group.RISK)
    recuse(actor=rolf.actor, uid=promotion.uid, reason="I know the patients.")
    lend(rolf, dora)
    for who, behalf in ((rolf, None), (dora, rolf)):
        with pytest.raises(Recused):
            yes(promotion, who, on_behalf_of=behalf)
    with pytest.raises(Recused):
        recuse(actor=rolf.actor, uid=promotion.uid, reason="Once more.")
    yes(promotion, make.reviewer("rona-risk", Group.RISK))
    assert stage() == Stage.PRODUCTION


@pytest.mark.parametrize("speak", [approve_promotion, refuse_promotion])
def test_whoever_has_a_duty_in_the_matter_is_told_so_at_once_also_through_a_delegation(
    rita: Account, dora: Account, ready: Ready, speak: Callable[..., Any]
) -> None:
    """Neither the author of evidence for herself or for another, nor another for her."""
    eva = make.account("eva", Role.CONTRIBUTOR, groups=(Group.RISK,))
    make.policy(APART)
    pipeline = make.contributor("second-pipeline")
    make.model(pipeline)
    version = make.submissions.submit_version(
        actor=pipeline.actor,
        model_name="care-programme",
        artifact=make.artifact(pipeline),
        tables={"evaluation": make.table(eva)},
    )
    promotion = make.promotion(pipeline, version)
    lend(eva, dora)
    lend(rita, eva)
    for who, behalf, whose in ((eva, None, "You"), (eva, rita, "You"), (dora, eva, "The person you speak for")):
        with pytest.raises(OwnSubmission, match=f"{whose} handed in evidence"):
            speak(actor=who.actor, uid=promotion.uid, group=Group.RISK, reason="Fine.", on_behalf_of=behalf)
    assert not Approval.objects.exists()
