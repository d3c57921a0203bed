"""People lend their right, step aside, confirm conditions and look back at emergencies, all at the desk."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from audits.trail import now
from governance.models import Account, BreakGlassReview, Delegation, Promotion
from governance.roles import Group
from governance.services.approvals import approve_promotion
from governance.services.conditions import Demand
from registry.selectors import get_version
from registry.stages import Stage
from tests import make
from tests.browser import world
from tests.browser.world import Desk
from tests.governance.admin.acting import WHY, at, done, shown, told

SignedIn = Callable[[Account], Client]
GIVE = "/admin/delegations/give/"


def until(days: int) -> str:
    return (now() + timedelta(days=days)).date().isoformat()


def test_a_right_is_lent_shown_on_both_sides_and_taken_back(desk: Desk, signed_in: SignedIn) -> None:
    risk, newcomer = signed_in(desk.risk), signed_in(desk.newcomer)
    lent = {"delegate": str(desk.newcomer.uid), "group": "risk", "model": "care-programme", "ends": until(7)}
    assert told(done(risk, GIVE, **lent)).startswith("Nils Neu may speak for risk in your place until")
    assert "Nils Neu for Tobias Okafor, risk" in newcomer.get("/admin/delegations/").content.decode()
    address = f"/admin/delegations/{Delegation.objects.get().uid}/revoke/"
    assert told(newcomer.get(address)) == "Only whoever gave a delegation revokes it."
    assert told(done(risk, address)) == "The delegation is revoked."
    assert told(done(risk, address)) == "It is revoked already."


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends": until(120)}, "ends"),
        ({"ends": ""}, "ends"),
        ({"starts": until(-2)}, "starts"),
        ({"group": "legal"}, "group"),
    ],
)
def test_a_delegation_that_cannot_be_is_refused_beside_its_field(
    desk: Desk, signed_in: SignedIn, changes: dict[str, str], field: str
) -> None:
    lent = {"delegate": str(desk.newcomer.uid), "group": "risk", "ends": until(7)}
    response = done(signed_in(desk.risk), GIVE, **{**lent, **changes})
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in response.content.decode()
    assert not Delegation.objects.exists()


def test_who_reviews_for_nobody_has_nothing_to_lend(desk: Desk, signed_in: SignedIn) -> None:
    assert told(signed_in(desk.operator).get(GIVE)) == "This takes the role reviewer."


def test_a_reviewer_steps_aside_for_good(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    client = signed_in(desk.risk)
    assert told(done(client, at(promotion, "step-aside"), **WHY)) == "You stepped aside from this promotion."
    assert told(done(client, at(promotion, "step-aside"), **WHY)) == "You stepped aside already."
    assert promotion.recusals.get().person == str(desk.risk.actor)


def test_a_condition_is_confirmed_by_another_reviewer_of_the_group(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    rolf = make.reviewer("rolf", Group.RISK)
    demand = Demand("Measure the autumn sample.", rolf, now() + timedelta(days=9))
    yes = approve_promotion(
        actor=desk.risk.actor, uid=promotion.uid, group=Group.RISK, reason="With that, yes.", conditions=[demand]
    )
    condition = yes.conditions.get()
    address = f"/admin/conditions/{condition.uid}/fulfil/"
    assert "Measure the autumn sample." in shown(signed_in(desk.risk), "/admin/due/")
    assert told(signed_in(rolf).get(address)).startswith("You must meet it")
    assert told(signed_in(desk.compliance).get(address)) == "A reviewer for risk confirms it."
    assert told(done(signed_in(desk.risk), address, note="Seen: 4,000 rows.")).startswith("The condition is met")
    assert condition.fulfilment.note == "Seen: 4,000 rows."
    assert told(signed_in(desk.risk).get(address)) == "It is met already."


def test_three_people_go_past_the_policies_and_look_back(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.blocked(desk, 1)
    first, second, third = (signed_in(who) for who in (desk.operator, desk.risk, desk.compliance))
    page = shown(first, at(promotion, "break-glass"))
    assert "sex 2 was selected at a rate of" in page
    assert told(done(first, at(promotion, "break-glass"), reason="The ward is without a model.")).endswith(
        "a second person must confirm."
    )
    assert get_version("care-programme", 1).position.stage == Stage.DEVELOPMENT
    assert told(first.get(at(promotion, "confirm-break-glass"))).startswith("You invoked it")
    assert "The ward is without a model." in shown(second, at(promotion, "confirm-break-glass"))
    assert told(done(second, at(promotion, "confirm-break-glass"))).startswith("The version has moved.")
    assert get_version("care-programme", 1).position.stage == Stage.PRODUCTION

    assert "Emergencies to look back at" in shown(third, "/admin/due/")
    assert told(second.get(at(promotion, "review-break-glass"))).startswith("You invoked or confirmed it")
    said = {"verdict": "not_justified", "reason": "The old version still ran."}
    assert told(done(third, at(promotion, "review-break-glass"), **said)) == "Your review is on record: not justified."
    assert BreakGlassReview.objects.get().verdict == "not_justified"
    page = third.get(f"/admin/promotions/{promotion.uid}/").content.decode()
    assert "Promoted by break-glass" in page
    assert "Gone past" in page
    assert "every requirement and every approval was there" not in page
    for expected in ("Invoked by Piotr Lang", "Confirmed by Tobias Okafor", "Not Justified, says Lena Sorge"):
        assert expected in page
    assert Promotion.objects.get().closure.outcome == "promoted"


def test_a_firm_policy_is_named_before_anybody_tries(desk: Desk, signed_in: SignedIn) -> None:
    make.policy(world.POLICY + "break_glass: false\n")
    promotion = world.blocked(desk, 1)
    assert told(signed_in(desk.operator).get(at(promotion, "break-glass"))) == (
        "Nobody goes past the policy high-risk."
    )
