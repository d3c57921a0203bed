"""Every act goes the same way: read what follows, send it with what was read, be told, come back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from audits.trail import Entry
from governance.admin.acts import ACTS
from governance.models import Account, Promotion, Retirement
from governance.services.promotions import withdraw_promotion
from governance.services.retirements import suspend_version
from registry.models import ModelVersion
from registry.selectors import get_version
from registry.stages import Rollout, Stage
from tests import make
from tests.browser import world
from tests.browser.world import Desk
from tests.governance.admin.acting import WHY, at, done, shown, told

SignedIn = Callable[[Account], Client]


@pytest.fixture
def live(desk: Desk) -> ModelVersion:
    promotion = world.waiting(desk, 1)
    make.approved([desk.risk, desk.compliance], promotion)
    return get_version("care-programme", 1)


# The same for all


def test_each_act_says_what_follows_what_stays_and_what_it_needs() -> None:
    assert len({act.page_name for act in ACTS}) == len(ACTS) >= 18
    for act in ACTS:
        assert act.stays.endswith("."), act.name
        assert act.label[0].isupper(), act.name


def test_looking_at_an_act_does_nothing_and_says_what_would_follow(
    desk: Desk, signed_in: SignedIn, live: ModelVersion
) -> None:
    before = Entry.objects.count()
    page = shown(signed_in(desk.risk), at(live, "suspend"))
    for expected in (
        "care-programme 1 leaves production at once",
        "@champion will point at nothing",
        "It comes back only by a promotion of its own, through the gate.",
        "You, Tobias Okafor, do this",
    ):
        assert expected in page
    assert Entry.objects.count() == before


def test_what_changed_since_it_was_read_is_not_done(desk: Desk, signed_in: SignedIn, live: ModelVersion) -> None:
    client, address = signed_in(desk.risk), at(live, "retire")
    stale = shown(client, address).partition('name="seen" value="')[2].partition('"')[0]
    suspend_version(actor=desk.operator.actor, version=live, reason="Complaints.")
    response = client.post(address, {"seen": stale, **WHY})
    assert response.status_code == 409
    assert told(response).startswith("What the page showed has changed meanwhile.")
    assert "Read and weighed." in response.content.decode(), "what was written is not lost"
    assert not Retirement.objects.filter(kind="retired").exists()


def test_a_missing_reason_is_asked_for_beside_its_field(desk: Desk, signed_in: SignedIn, live: ModelVersion) -> None:
    response = done(signed_in(desk.risk), at(live, "suspend"))
    assert response.status_code == 422
    assert 'id="id_reason_error"' in response.content.decode()
    assert get_version("care-programme", 1).position.stage == Stage.PRODUCTION


def test_a_refusal_of_the_use_case_is_a_sentence_with_its_status(desk: Desk, signed_in: SignedIn) -> None:
    version = world.version(desk, 1)
    make.promotion(desk.pipeline, version)
    response = done(signed_in(desk.analyst), at(version, "ask"), to="full", alias="champion")
    assert response.status_code == 409
    assert told(response) == "care-programme 1 has an open promotion to production already."


def test_who_lacks_the_role_is_told_which_and_nothing_is_done(
    desk: Desk, signed_in: SignedIn, live: ModelVersion
) -> None:
    client = signed_in(desk.auditor)
    page = client.get("/admin/versions/care-programme/1/").content.decode()
    assert "This takes the role operator or reviewer." in page
    assert "Nothing but reading." in page
    response = client.post(at(live, "suspend"), WHY)
    assert (response.status_code, told(response)) == (403, "This takes the role operator or reviewer.")
    assert get_version("care-programme", 1).position.stage == Stage.PRODUCTION


def test_another_site_cannot_act_for_somebody(desk: Desk, live: ModelVersion) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(desk.risk)
    assert client.post(at(live, "suspend"), WHY).status_code == 403
    assert not Retirement.objects.exists()


def test_an_act_on_nothing_is_not_found(desk: Desk, signed_in: SignedIn) -> None:
    answer = signed_in(desk.risk).get("/admin/versions/care-programme/9/suspend/")
    assert answer.status_code == 404
    assert "<code>/admin/versions/care-programme/9/suspend/</code> leads nowhere" in answer.content.decode()


def test_a_version_page_says_why_and_of_what_is_live_that_it_stands_there(
    desk: Desk, signed_in: SignedIn, live: ModelVersion
) -> None:
    client = signed_in(desk.risk)
    page = shown(client, "/admin/versions/care-programme/1/")
    assert "It stands in production" in page
    assert "2 of 7 would stand against it" in page
    world.blocked(desk, 2)
    page = shown(client, "/admin/versions/care-programme/2/")
    for expected in (
        "Blocked on the way to production",
        "3 of 7 stand against it",
        "Or a reviewer grants a waiver.",
        "2 reviewers for risk",
        "Accept a finding for a time…",
    ):
        assert expected in page


# Asking for a promotion


@pytest.mark.parametrize(
    ("said", "move"),
    [
        ({"to": "staging", "alias": ""}, ("staging", "", "", 0)),
        ({"to": "full", "alias": "champion"}, ("production", "champion", "full", 0)),
        ({"to": "canary", "percent": "10", "alias": "champion"}, ("production", "champion", "canary", 10)),
        ({"to": "alias", "alias": "champion"}, ("", "champion", "", 0)),
    ],
)
def test_a_promotion_is_asked_for_to_a_stage_a_step_or_a_name(
    desk: Desk, signed_in: SignedIn, said: dict[str, str], move: tuple[Any, ...]
) -> None:
    elsewhere = "policy: {0}\ntitle: {0}\napplies_to: {1}\nrequirements: []\napprovals: [{{group: legal, count: 1}}]\n"
    make.policy(elsewhere.format("to-staging", "{target: staging}"))
    make.policy(elsewhere.format("names", "{alias: [champion]}"))
    version = world.version(desk, 1)
    response = done(signed_in(desk.analyst), at(version, "ask"), **said, **WHY)
    promotion = Promotion.objects.get()
    assert (promotion.target, promotion.alias, promotion.rollout, promotion.percent) == move
    assert response.headers["Location"] == f"/admin/promotions/{promotion.uid}/"
    assert told(response) == "Asked for. The gate waits for what is listed here."


def test_a_rollout_is_offered_forward_only(desk: Desk, signed_in: SignedIn) -> None:
    version = world.version(desk, 1)
    make.approved(
        [desk.risk, desk.compliance], make.promotion(desk.pipeline, version, rollout=Rollout.CANARY, percent=10)
    )
    page = shown(signed_in(desk.analyst), at(version, "ask"))
    offered = [step for step in ("staging", "shadow", "canary", "blue_green", "full") if f'value="{step}"' in page]
    assert offered == ["canary", "blue_green", "full"]
    refused = done(signed_in(desk.analyst), at(version, "ask"), to="canary", percent="5", alias="champion")
    assert "a rollout does not go back" in told(refused)
    done(signed_in(desk.analyst), at(version, "ask"), to="canary", percent="50", alias="champion")
    assert Promotion.objects.latest("id").percent == 50


def test_a_share_belongs_to_a_canary(desk: Desk, signed_in: SignedIn) -> None:
    response = done(signed_in(desk.analyst), at(world.version(desk, 1), "ask"), to="canary", alias="champion")
    assert response.status_code == 422
    assert 'id="id_percent_error"' in response.content.decode()
    assert not Promotion.objects.exists()


def test_whoever_asked_withdraws_and_nobody_else(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1, by=desk.analyst)
    other = make.account("other-contributor", *desk.analyst.roles() - {"reviewer"})
    assert "Only whoever asked" in told(done(signed_in(other), at(promotion, "withdraw")))
    assert told(done(signed_in(desk.analyst), at(promotion, "withdraw"))) == "The request is withdrawn."
    assert Promotion.objects.get().closure.outcome == "withdrawn"


def test_what_is_closed_takes_no_act(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    withdraw_promotion(actor=desk.pipeline.actor, uid=promotion.uid)
    for who, act in ((desk.risk, "waive"), (desk.risk, "step-aside"), (desk.operator, "break-glass")):
        response = signed_in(who).post(at(promotion, act), WHY)
        assert response.status_code == 409
        assert told(response).startswith("This promotion was withdrawn on")


# Taking out


def test_a_version_is_suspended_retired_and_deleted_by_clicking(
    desk: Desk, signed_in: SignedIn, live: ModelVersion
) -> None:
    operator = signed_in(desk.operator)
    assert "suspend or retire it first" in told(operator.get(at(live, "delete")))
    assert told(done(operator, at(live, "suspend"), **WHY)) == "care-programme 1 is suspended."
    assert told(done(operator, at(live, "retire"), **WHY)) == "care-programme 1 is retired."
    assert get_version("care-programme", 1).position.stage == Stage.RETIRED
    wrong = done(operator, at(live, "delete"), again="care-programme 2", **WHY)
    assert (wrong.status_code, told(wrong)) == (422, "This says something else than care-programme 1.")
    gone = done(operator, at(live, "delete"), again="care-programme 1", **WHY)
    assert gone.headers["Location"] == "/admin/models/care-programme/"
    assert operator.get("/admin/versions/care-programme/1/").status_code == 404
    page = operator.get(gone.headers["Location"]).content.decode()
    assert "deleted" in page
    assert "/admin/versions/care-programme/1/" not in page


def test_something_that_happened_is_reported_and_shown_as_due(
    desk: Desk, signed_in: SignedIn, live: ModelVersion
) -> None:
    rule = "recertification: {every_days: 100, notice_days: 20, triggers: [incident]}\n"
    make.policy(world.POLICY + rule)
    client = signed_in(desk.risk)
    assert "Certified" in client.get("/admin/due/").content.decode()
    response = done(client, at(live, "trigger"), kind="incident", reason="A patient was overlooked.")
    assert told(response) == "It is on record, and those concerned were told."
    page = client.get("/admin/due/").content.decode()
    assert "<strong>Due</strong>" in page
    assert "Incident reported" in page


def test_a_check_that_broke_off_is_ordered_again(desk: Desk, signed_in: SignedIn) -> None:
    version = make.version(desk.pipeline, world.version(desk, 1).model, 7)
    make.completed(version, performance_accuracy="errored")
    asker = signed_in(make.account("kim", make.Role.CONTRIBUTOR))
    assert "Order checks again…" in shown(asker, f"/admin/versions/care-programme/{version.number}/")
    assert "and are run now: performance.accuracy." in shown(asker, at(version, "check-again"))
    assert told(done(asker, at(version, "check-again"))).startswith("1 check is ordered; ")
    why = "Every check it needs has an answer that counts, or is under way."
    assert told(done(asker, at(version, "check-again"))) == why
    assert told(done(signed_in(desk.risk), at(version, "check-again"))) == "This takes the role contributor."
