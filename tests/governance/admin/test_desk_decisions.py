"""Does a word count for exactly what was on the page, and for nobody who may not give it?"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from audits.trail import now
from governance.admin.decisions import CHANGED
from governance.admin.review import content_of, get_promotion
from governance.models import Account, Approval, Condition, Promotion
from governance.roles import Group
from governance.selectors.policies import rules_of_promotion
from governance.services.approvals import approve_promotion
from governance.services.delegations import delegate_review
from governance.services.promotions import withdraw_promotion
from registry.selectors import get_version
from registry.stages import Stage
from tests import make
from tests.browser import world
from tests.browser.world import Desk

SignedIn = Callable[[Account], Client]


def word(promotion: Promotion, verdict: str = "approve", group: str = "risk", **changes: str) -> dict[str, str]:
    seen = content_of(get_promotion(promotion.uid))
    return {"verdict": verdict, "group": group, "reason": "Read and weighed.", **seen, **changes}


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def address(promotion: Promotion, step: str = "") -> str:
    return f"/admin/promotions/{promotion.uid}/{step}"


def test_the_confirmation_records_nothing(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    response = signed_in(desk.risk).post(address(promotion, "confirm/"), word(promotion))
    assert response.status_code == 200
    assert b"You are about to approve for risk" in response.content
    assert not Approval.objects.exists()


def test_the_confirmed_word_is_bound_to_the_content(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    response = signed_in(desk.risk).post(address(promotion, "decide/"), word(promotion))
    approval = Approval.objects.get()
    assert said(response) == ["Your word is on record. Still missing: compliance."]
    assert approval.approver == str(desk.risk.actor)
    assert approval.artifact_sha256 == promotion.version.artifact_sha256
    assert approval.policy_sha256 == rules_of_promotion(promotion).sha256


@pytest.mark.parametrize("step", ["confirm/", "decide/"])
@pytest.mark.parametrize("changed", ["artifact_sha256", "evidence_sha256", "policy_sha256", "decision"])
def test_a_word_about_other_content_is_not_taken(desk: Desk, signed_in: SignedIn, step: str, changed: str) -> None:
    promotion = world.waiting(desk, 1)
    response = signed_in(desk.risk).post(address(promotion, step), word(promotion, **{changed: "7"}))
    assert said(response) == [CHANGED]
    assert not Approval.objects.exists()


def test_a_word_is_not_taken_when_the_gate_has_answered_anew_meanwhile(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    before = word(promotion, group="compliance")
    approve_promotion(actor=desk.risk.actor, uid=promotion.uid, group=Group.RISK, reason="Within the limits.")
    response = signed_in(desk.compliance).post(address(promotion, "decide/"), before)
    assert said(response) == [CHANGED]
    assert Approval.objects.count() == 1


def test_the_confirmation_says_what_the_last_word_does(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    approve_promotion(actor=desk.risk.actor, uid=promotion.uid, group=Group.RISK, reason="Within the limits.")
    client = signed_in(desk.compliance)
    page = client.post(address(promotion, "confirm/"), word(promotion, group="compliance"))
    assert b"This is the last word missing. care-programme 1 moves to production at once" in page.content
    client.post(address(promotion, "decide/"), word(promotion, group="compliance"))
    assert get_version("care-programme", 1).position.stage == Stage.PRODUCTION


def test_an_approval_of_a_blocked_promotion_moves_nothing_and_says_so(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.blocked(desk, 1)
    client = signed_in(desk.risk)
    page = client.post(address(promotion, "confirm/"), word(promotion))
    assert b"the version still does not move" in page.content
    client.post(address(promotion, "decide/"), word(promotion))
    assert get_version("care-programme", 1).position.stage == Stage.DEVELOPMENT


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("analyst", "You registered this version, so somebody else must decide about it."),
        ("auditor", "Your role (auditor) reads here and does not decide. Reviewers for risk and compliance do."),
        ("operator", "Your role (operator) reads here and does not decide. Reviewers for risk and compliance do."),
    ],
)
def test_who_may_not_decide_reads_why_and_cannot_post_past_it(
    desk: Desk, signed_in: SignedIn, name: str, reason: str
) -> None:
    promotion = world.waiting(desk, 1, by=desk.analyst)
    client = signed_in(getattr(desk, name))
    page = client.get(address(promotion)).content.decode()
    assert reason in page
    assert "<textarea" not in page
    for step in ("confirm/", "decide/"):
        assert said(client.post(address(promotion, step), word(promotion)))[-1] == reason
    assert not Approval.objects.exists()


def test_who_only_asked_for_the_promotion_may_not_decide_either(desk: Desk, signed_in: SignedIn) -> None:
    promotion = make.promotion(desk.analyst, world.version(desk, 1))
    client = signed_in(desk.analyst)
    assert "You asked for this promotion, so somebody else" in client.get(address(promotion)).content.decode()
    client.post(address(promotion, "decide/"), word(promotion))
    assert not Approval.objects.exists()


def test_a_reviewer_cannot_speak_for_another_group(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    response = signed_in(desk.compliance).post(address(promotion, "decide/"), word(promotion, group="risk"))
    assert said(response) == ["The decision arrived incomplete. Nothing was recorded; decide again."]
    assert not Approval.objects.exists()


def test_a_person_speaks_once(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    client = signed_in(desk.risk)
    for _ in range(2):
        response = client.post(address(promotion, "decide/"), word(promotion))
    assert said(response)[-1].startswith("You approved for risk on")
    assert Approval.objects.count() == 1


def test_a_closed_promotion_takes_no_more_words(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    withdraw_promotion(actor=desk.pipeline.actor, uid=promotion.uid)
    client = signed_in(desk.risk)
    assert "This promotion was withdrawn on" in client.get(address(promotion)).content.decode()
    client.post(address(promotion, "decide/"), word(promotion))
    assert not Approval.objects.exists()


SIGNED = world.POLICY + "sign_off: {reauthenticate: true, meanings: [reviewed, responsible_for]}\n"


def test_a_page_asks_for_meaning_and_password_only_where_a_policy_does(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    client = signed_in(desk.risk)
    for asks in (False, True):
        page = client.get(address(promotion)).content.decode()
        confirmation = client.post(address(promotion, "confirm/"), word(promotion)).content.decode()
        assert ('name="meaning"' in page, 'type="password"' in confirmation) == (asks, asks)
        make.policy(SIGNED)


def test_a_word_is_signed_on_the_last_page_and_a_wrong_password_loses_nothing(desk: Desk, signed_in: SignedIn) -> None:
    desk.risk.set_password(world.PASSWORD)
    desk.risk.save()
    promotion = world.waiting(desk, 1)
    make.policy(SIGNED)
    client = signed_in(desk.risk)
    given = word(promotion, meaning="responsible_for")
    refused = client.post(address(promotion, "decide/"), {**given, "password": "a-wrong-guess"})
    page = refused.content.decode()
    assert refused.status_code == 403
    assert "The password is wrong" in page
    assert "Read and weighed." in page
    assert "a-wrong-guess" not in page
    assert not Approval.objects.exists()

    client.post(address(promotion, "decide/"), {**given, "password": world.PASSWORD})
    assert Approval.objects.get().meaning == "responsible_for"
    assert (
        "Signed as responsible for it, with the password given again" in client.get(address(promotion)).content.decode()
    )


def test_somebody_without_a_role_speaks_in_the_place_of_a_reviewer(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    dora = make.account("dora")
    client = signed_in(dora)
    assert client.get(address(promotion)).status_code == 302
    delegate_review(actor=desk.risk.actor, delegate=dora, group=Group.RISK, ends_at=now() + timedelta(days=7))
    page = client.get(address(promotion)).content.decode()
    assert f"Risk, on behalf of {desk.risk}" in page
    assert 'value="risk"' not in page
    client.post(address(promotion, "decide/"), word(promotion, group=f"risk/{desk.risk.uid}"))
    assert Approval.objects.get().on_behalf_of == str(desk.risk.actor)
    assert f"Dora for {desk.risk}" in client.get(address(promotion)).content.decode()
    assert (
        "You approved for risk through somebody else" in signed_in(desk.risk).get(address(promotion)).content.decode()
    )


def test_an_approval_takes_a_condition_whole_or_not_at_all(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    client = signed_in(desk.risk)
    due = (now() + timedelta(days=30)).date().isoformat()
    asked = {"condition": "Measure again.", "owner": str(desk.analyst.uid), "due": due}
    half = client.post(address(promotion, "confirm/"), word(promotion, **{**asked, "owner": ""}))
    assert half.status_code == 422
    assert "by whom and until when" in half.content.decode()
    refusal = client.post(address(promotion, "confirm/"), word(promotion, "refuse", **asked))
    assert "A refusal has no condition" in refusal.content.decode()
    assert "Measure again." in client.post(address(promotion, "confirm/"), word(promotion, **asked)).content.decode()
    client.post(address(promotion, "decide/"), word(promotion, **asked))
    condition = Condition.objects.get()
    assert (condition.text, condition.owner) == ("Measure again.", str(desk.analyst.actor))
    assert "On condition, until" in client.get(address(promotion)).content.decode()


def test_looking_cannot_decide(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    client = signed_in(desk.risk)
    assert client.get(address(promotion, "decide/"), word(promotion)).status_code == 405
    assert client.get(address(promotion, "confirm/"), word(promotion)).status_code == 405


def test_a_foreign_page_cannot_post_for_a_reviewer(desk: Desk) -> None:
    promotion = world.waiting(desk, 1)
    client = Client(enforce_csrf_checks=True)
    client.force_login(desk.risk)
    assert client.post(address(promotion, "decide/"), word(promotion)).status_code == 403
    assert not Approval.objects.exists()


def test_what_people_write_is_printed_and_never_run(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    client = signed_in(desk.risk)
    hostile = "</textarea><script>alert(1)</script>"
    for step in ("confirm/", "decide/"):
        page = client.post(address(promotion, step), word(promotion, reason=hostile), follow=True).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
