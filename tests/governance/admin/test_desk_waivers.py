"""Who is offered to waive on a promotion's page, what the page says about waivers, and who was told what."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from audits.trail import now
from governance.models import Account, Promotion, Waiver
from governance.roles import Group
from governance.services.approvals import approve_promotion
from governance.services.deadlines import note_deadlines
from governance.supervisor.dispatcher import DISPATCHER
from tests.browser import world
from tests.browser.world import Desk

SignedIn = Callable[[Account], Client]
OFFER = b"Accept one requirement for a time"
SAID = {
    "requirement": "high-risk/impact-ratio-sex",
    "days": "30",
    "reason": "Both groups are small, and the interval is wide.",
    "compensating_control": "The care team reads every refusal.",
}


def address(promotion: Promotion, step: str = "") -> str:
    return f"/admin/promotions/{promotion.uid}/{step}"


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_a_reviewer_waives_on_the_page_and_the_page_tells_it(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.blocked(desk, 1)
    client = signed_in(desk.risk)
    assert OFFER in client.get(address(promotion)).content
    response = client.post(address(promotion, "waivers/"), SAID)
    assert said(response)[0].startswith("Waived until")
    page = client.get(address(promotion)).content.decode()
    waiver = Waiver.objects.get()
    for told in (waiver.reason, waiver.compensating_control, desk.risk.display_name, "high-risk/impact-ratio-sex"):
        assert told in page
    assert promotion.decisions.latest("number").outcome == "wait"


def test_a_waiver_is_revoked_on_the_page(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.blocked(desk, 1)
    signed_in(desk.risk).post(address(promotion, "waivers/"), SAID)
    response = signed_in(desk.compliance).post(address(promotion, f"waivers/{Waiver.objects.get().uid}/revoke/"))
    assert said(response) == ["The waiver is revoked. The gate has judged anew."]
    assert promotion.decisions.latest("number").outcome == "block"
    again = signed_in(desk.compliance).post(address(promotion, f"waivers/{Waiver.objects.get().uid}/revoke/"))
    assert said(again) == ["This waiver has ended already: it is revoked."]


@pytest.mark.parametrize("who", ["auditor", "operator", "analyst", "risk"])
def test_whoever_may_not_waive_is_offered_nothing_and_refused(desk: Desk, signed_in: SignedIn, who: str) -> None:
    promotion = world.blocked(desk, 1, by=desk.analyst)
    if who == "risk":
        approve_promotion(actor=desk.risk.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
    client = signed_in(getattr(desk, who))
    assert OFFER not in client.get(address(promotion)).content
    assert said(client.post(address(promotion, "waivers/"), SAID))
    assert not Waiver.objects.exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"days": "91"}, "For how many days"),
        ({"days": "never"}, "For how many days"),
        ({"reason": " "}, "Why it can be accepted"),
        ({"compensating_control": ""}, "What is done instead"),
        ({"requirement": "high-risk/no-such"}, "What you accept"),
    ],
)
def test_what_is_said_wrong_is_told_and_nothing_is_recorded(
    desk: Desk, signed_in: SignedIn, changes: dict[str, str], told: str
) -> None:
    promotion = world.blocked(desk, 1)
    (sentence,) = said(signed_in(desk.risk).post(address(promotion, "waivers/"), {**SAID, **changes}))
    assert sentence.startswith(told)
    assert not Waiver.objects.exists()


def test_a_waiver_from_another_page_is_refused(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.blocked(desk, 1)
    client = Client(enforce_csrf_checks=True)
    client.force_login(desk.risk)
    assert client.post(address(promotion, "waivers/"), SAID).status_code == 403
    assert not Waiver.objects.exists()


def test_a_promotion_on_which_nothing_stands_offers_no_waiver(desk: Desk, signed_in: SignedIn) -> None:
    assert OFFER not in signed_in(desk.risk).get(address(world.waiting(desk, 1))).content


def test_notices_are_counted_listed_and_read(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.blocked(desk, 1)
    client = signed_in(desk.risk)
    client.post(address(promotion, "waivers/"), {**SAID, "days": "1"})
    assert b"You have read everything." in client.get("/admin/notices/").content
    note_deadlines(actor=DISPATCHER, at=now() + timedelta(days=2))

    page = client.get("/admin/notices/").content.decode()
    assert "The waiver of high-risk/impact-ratio-sex" in page
    assert 'href="/admin/versions/' in page
    assert '<span class="cs-badge">1<span class="cs-hidden"> unread</span></span>' in page
    notice = desk.risk.notices.get()
    assert said(signed_in(desk.compliance).post(f"/admin/notices/{notice.pk}/read/")) == [
        f"You have no notice {notice.pk}."
    ]
    client.post(f"/admin/notices/{notice.pk}/read/")
    page = client.get("/admin/notices/").content.decode()
    assert "You have read everything." in page
    assert " unread</span>" not in page
