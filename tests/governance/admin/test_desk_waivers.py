"""Who is offered to waive on a promotion's page, what the page says about waivers, and who was told what."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from audits.trail import now
from governance.models import Account, Promotion, Waiver
from governance.roles import Group
from governance.services.approvals import approve_promotion
from governance.services.deadlines import note_deadlines
from governance.supervisor.dispatcher import DISPATCHER
from tests import make
from tests.browser import world
from tests.browser.world import Desk
from tests.governance.admin.acting import at, done, shown, told

SignedIn = Callable[[Account], Client]
OFFER = "Accept a finding for a time…"
SAID = {
    "requirement": "high-risk/impact-ratio-sex",
    "days": "30",
    "reason": "Both groups are small, and the interval is wide.",
    "compensating_control": "The care team reads every refusal.",
}


def page_of(client: Client, promotion: Promotion) -> str:
    return shown(client, f"/admin/promotions/{promotion.uid}/")


def revocation(waiver: Waiver) -> str:
    return f"/admin/waivers/{waiver.uid}/revoke/"


def test_a_reviewer_waives_on_the_page_and_the_page_tells_it(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.blocked(desk, 1)
    client = signed_in(desk.risk)
    assert OFFER in page_of(client, promotion)
    assert told(done(client, at(promotion, "waive"), **SAID)).startswith("Waived until")
    page = page_of(client, promotion)
    waiver = Waiver.objects.get()
    for expected in (waiver.reason, waiver.compensating_control, desk.risk.display_name, "high-risk/impact-ratio-sex"):
        assert expected in page
    assert promotion.decisions.latest("number").outcome == "wait"


def test_one_finding_is_accepted_and_not_the_requirement(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.blocked(desk, 1)
    finding = "fairness.impact_ratio/sex/sex 2"
    client = signed_in(desk.risk)
    assert "only that sex 2 was selected at a rate of" in shown(client, at(promotion, "waive"))
    done(client, at(promotion, "waive"), **{**SAID, "requirement": f"high-risk/impact-ratio-sex#{finding}"})
    assert Waiver.objects.get().finding == finding
    assert finding in page_of(client, promotion)


def test_a_finding_is_accepted_before_anybody_asks_for_the_move(desk: Desk, signed_in: SignedIn) -> None:
    version = world.version(desk, 1, fair=False)
    client = signed_in(desk.risk)
    address = at(version, "waive")
    assert address in shown(client, f"/admin/versions/care-programme/{version.number}/")
    response = done(client, address, **{**SAID, "requirement": "production:high-risk/impact-ratio-sex"})
    assert told(response).startswith("Waived for the move to production until")
    assert "high-risk/impact-ratio-sex" in shown(client, f"/admin/versions/care-programme/{version.number}/")
    promotion = make.promotion(desk.pipeline, version)
    reasons = promotion.decisions.get().reasons
    assert {"waived"} <= {reason["code"] for reason in reasons}
    # Now it has been asked for: what else stands against it is accepted on the promotion's page.
    nothing = "Nothing that may be waived would stand against a way that nobody has asked for yet."
    assert told(done(client, address, **SAID)) == nothing
    another = signed_in(make.reviewer("kim", Group.RISK))
    assert "Accept a finding for a time" in page_of(another, promotion)


def test_a_waiver_is_revoked_on_the_page(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.blocked(desk, 1)
    done(signed_in(desk.risk), at(promotion, "waive"), **SAID)
    client, address = signed_in(desk.compliance), revocation(Waiver.objects.get())
    assert address in page_of(client, promotion)
    assert told(done(client, address)) == "The waiver is revoked. The gate has judged anew."
    assert promotion.decisions.latest("number").outcome == "block"
    assert told(done(client, address)) == "It has ended already: it is revoked."


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ("auditor", "This takes the role reviewer."),
        ("operator", "This takes the role reviewer."),
        ("analyst", "You registered this version or asked for its promotion; somebody else must waive."),
        ("risk", "You approved this promotion; whoever approves does not waive for it."),
    ],
)
def test_whoever_may_not_waive_is_told_why_and_refused(
    desk: Desk, signed_in: SignedIn, who: str, sentence: str
) -> None:
    promotion = world.blocked(desk, 1, by=desk.analyst)
    if who == "risk":
        approve_promotion(actor=desk.risk.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
    client = signed_in(getattr(desk, who))
    page = page_of(client, promotion)
    assert OFFER not in page
    assert sentence in page
    assert told(done(client, at(promotion, "waive"), **SAID)) == sentence
    assert not Waiver.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"days": "91"}, "days"),
        ({"days": "never"}, "days"),
        ({"reason": " "}, "reason"),
        ({"compensating_control": ""}, "compensating_control"),
        ({"requirement": "high-risk/no-such"}, "requirement"),
    ],
)
def test_what_is_said_wrong_is_told_beside_its_field_and_nothing_is_recorded(
    desk: Desk, signed_in: SignedIn, changes: dict[str, str], field: str
) -> None:
    promotion = world.blocked(desk, 1)
    response = done(signed_in(desk.risk), at(promotion, "waive"), **{**SAID, **changes})
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in response.content.decode()
    assert not Waiver.objects.exists()


def test_a_waiver_is_signed_where_the_policy_asks_and_a_wrong_password_loses_nothing(
    desk: Desk, signed_in: SignedIn
) -> None:
    desk.risk.set_password(world.PASSWORD)
    desk.risk.save()
    make.policy(world.POLICY + "sign_off: {reauthenticate: true}\n")
    promotion = world.blocked(desk, 1)
    client = signed_in(desk.risk)
    assert 'type="password"' in shown(client, at(promotion, "waive"))
    missing = done(client, at(promotion, "waive"), **SAID)
    assert (missing.status_code, told(missing)) == (422, "A policy asks for your password here.")
    wrong = done(client, at(promotion, "waive"), **SAID, password="a-wrong-guess")
    assert (wrong.status_code, told(wrong)[:22]) == (403, "The password is wrong,")
    assert SAID["reason"] in wrong.content.decode()
    assert "a-wrong-guess" not in wrong.content.decode()
    assert not Waiver.objects.exists()
    assert told(done(client, at(promotion, "waive"), **SAID, password=world.PASSWORD)).startswith("Waived until")


def test_a_promotion_on_which_nothing_stands_offers_no_waiver(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    assert told(signed_in(desk.risk).get(at(promotion, "waive"))) == "Nothing that may be waived stands against it."


def test_notices_are_counted_listed_and_read(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.blocked(desk, 1)
    client = signed_in(desk.risk)
    done(client, at(promotion, "waive"), **{**SAID, "days": "1"})
    assert b"You have read everything." in client.get("/admin/notices/").content
    note_deadlines(actor=DISPATCHER, at=now() + timedelta(days=2))

    page = client.get("/admin/notices/").content.decode()
    assert "The waiver of high-risk/impact-ratio-sex" in page
    assert 'href="/admin/versions/' in page
    assert '<span class="cs-badge">1<span class="cs-hidden"> unread</span></span>' in page
    notice = desk.risk.notices.get()
    response = signed_in(desk.compliance).post(f"/admin/notices/{notice.pk}/read/")
    assert told(response) == f"You have no notice {notice.pk}."
    client.post(f"/admin/notices/{notice.pk}/read/")
    page = client.get("/admin/notices/").content.decode()
    assert "You have read everything." in page
    assert " unread</span>" not in page
