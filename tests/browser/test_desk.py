"""A day at the reviewers' desk, clicked through in a real browser."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from audits.trail import now
from governance.models import Account, Approval
from governance.roles import Group
from governance.services.approvals import approve_promotion
from governance.services.deadlines import note_deadlines
from governance.supervisor.dispatcher import DISPATCHER
from registry.selectors import get_version
from registry.stages import Stage
from tests.browser import world
from tests.browser.world import Desk

pytestmark = pytest.mark.browser

SignIn = Callable[[Account], None]
Shot = Callable[..., None]


def decide(page: Page, verdict: str, reason: str) -> None:
    """Fill in the box, go to the confirmation and confirm."""
    page.get_by_label("Your reason").fill(reason)
    page.get_by_role("button", name=f"{verdict}…").click()
    expect(page.get_by_role("heading", name=re.compile("You are about to"))).to_be_visible()
    page.get_by_role("button", name=re.compile(f"{verdict} for")).click()


def test_two_reviewers_bring_a_version_into_production(page: Page, desk: Desk, sign_in: SignIn, shot: Shot) -> None:
    first = world.version(desk, 1)
    promotion = world.waiting(desk, 2)
    world.blocked(desk, 3)
    del first

    sign_in(desk.risk)
    expect(page.get_by_role("heading", name="Promotions", level=1)).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Promotions 1 waiting for you"))).to_be_visible()
    mine = page.get_by_role("region", name="Waiting for me")
    shot("desk")
    mine.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Waiting", level=2)).to_be_visible()
    shot("promotion-waiting")
    page.get_by_label("Your reason").fill("The interval still reaches below the limit, and the care team decides.")
    page.get_by_role("button", name="Approve…").click()
    shot("confirm", dark=False)
    page.get_by_role("button", name="Approve for risk").click()
    expect(page.get_by_text("Your word is on record. Still missing: compliance.")).to_be_visible()
    expect(page.get_by_text("You approved for risk")).to_be_visible()
    assert get_version(desk.model.name, promotion.version.number).position.stage == Stage.DEVELOPMENT

    sign_in(desk.compliance)
    page.get_by_role("region", name="Waiting for me").get_by_role("link").click()
    decide(page, "Approve", "The intended use is documented and the figures are within the policy.")
    expect(page.get_by_role("heading", name="Promoted", level=2)).to_be_visible()
    shot("promotion-promoted")

    promoted = get_version(desk.model.name, promotion.version.number)
    assert promoted.position.stage == Stage.PRODUCTION
    assert [alias.alias for alias in promoted.aliases.all()] == ["champion"]


def test_a_finding_is_waived_by_clicking_and_its_end_is_told(
    page: Page, desk: Desk, sign_in: SignIn, shot: Shot
) -> None:
    promotion = world.blocked(desk, 1)
    sign_in(desk.risk)
    page.get_by_role("region", name="Blocked").get_by_role("link").click()
    page.get_by_role("link", name="Accept a finding for a time…").click()
    page.get_by_label("What you accept").select_option(label="Men and women are selected at a similar rate: all of it")
    page.get_by_label("For how many days").fill("14")
    page.get_by_label("Why it can be accepted").fill("Both groups are small, and the interval is wide.")
    page.get_by_label("What is done instead").fill("The care team reads every refusal until the next version.")
    shot("waive", dark=False)
    page.get_by_role("button", name="Accept a finding for a time").click()
    expect(page.get_by_role("heading", name="Waiting", level=2)).to_be_visible()
    expect(page.get_by_text("The care team reads every refusal until the next version.")).to_be_visible()
    shot("promotion-waived")

    note_deadlines(actor=DISPATCHER, at=now() + timedelta(days=15))
    page.reload()
    expect(page.get_by_role("heading", name="Blocked", level=2)).to_be_visible()
    page.get_by_role("link", name=re.compile("Notices 1 unread")).click()
    expect(page.get_by_text("The waiver of high-risk/impact-ratio-sex").first).to_be_visible()
    shot("notices")
    page.get_by_role("button", name="Mark as read").click()
    expect(page.get_by_text("You have read everything.")).to_be_visible()
    assert promotion.decisions.latest("number").outcome == "block"


def test_a_blocked_promotion_says_why_and_is_refused_by_clicking(
    page: Page, desk: Desk, sign_in: SignIn, shot: Shot
) -> None:
    promotion = world.blocked(desk, 1)
    sign_in(desk.compliance)
    page.get_by_role("region", name="Blocked").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Blocked", level=2)).to_be_visible()
    expect(page.get_by_text("1 of 5 requirements stands against the move to production.")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Impact ratio by group"))).to_be_visible()
    page.locator("summary", has_text="Data table").first.click()
    expect(page.get_by_role("rowheader", name="sex/sex 2").first).to_be_visible()
    shot("promotion-blocked")
    decide(page, "Refuse", "Women would be left out of the programme too often.")
    expect(page.get_by_role("heading", name="Refused", level=2)).to_be_visible()
    assert get_version(desk.model.name, promotion.version.number).position.stage == Stage.DEVELOPMENT


def test_a_profile_is_handed_in_as_the_reference(
    page: Page, live_server: LiveServer, desk: Desk, sign_in: SignIn, shot: Shot
) -> None:
    world.waiting(desk, 1)
    sign_in(desk.analyst)
    page.goto(f"{live_server.url}/admin/versions/{desk.model.name}/1/")
    page.get_by_role("link", name="Hand in a table…").click()
    column = {"name": "sex", "kind": "text", "rows": 5_000, "missing": 0, "texts": {"1": 2_600, "2": 2_400}}
    for rows, ends in ((4_999, "the counts of the column do not add up"), (5_000, "")):
        content = json.dumps({"profile": 1, "rows": rows, "columns": [column]}).encode()
        file = {"name": "patients.json", "mimeType": "application/json", "buffer": content}
        page.get_by_label("File").set_input_files(file)
        page.get_by_label("How it is written").select_option("profile")
        page.get_by_label("What it serves as").fill("reference")
        declared = {"task": "binary", "favourable": 1, "columns": {"sex": {"roles": ["feature"]}}}
        page.get_by_label("What its columns mean").fill(json.dumps(declared))
        expect(page.get_by_label("Delimiter")).to_have_value(",")
        page.get_by_role("button", name="Hand in a table").click()
        if ends:
            shot("hand-in-table-refused", dark=False)
            expect(page.get_by_role("alert")).to_contain_text(ends)
    expect(page.get_by_text("patients.json (stored profile, stands for 5,000 rows, 1 column)")).to_be_visible()
    expect(page.get_by_text("Stored profile, stands for 5,000 rows, 1 column ·")).to_be_visible()
    shot("version-with-profile", dark=False)


def test_an_empty_reason_is_asked_for_again_beside_the_field(page: Page, desk: Desk, sign_in: SignIn) -> None:
    world.waiting(desk, 1)
    sign_in(desk.risk)
    page.get_by_role("region", name="Waiting for me").get_by_role("link").click()
    page.get_by_role("button", name="Approve…").click()
    expect(page.get_by_role("alert")).to_have_text("Say why in a sentence: the reason is part of the record.")
    assert not Approval.objects.exists()


def test_who_handed_a_version_in_reads_why_somebody_else_must_decide(
    page: Page, live_server: LiveServer, desk: Desk, sign_in: SignIn
) -> None:
    promotion = world.waiting(desk, 1, by=desk.analyst)
    sign_in(desk.analyst)
    expect(page.get_by_text("Nothing waits for your word.")).to_be_visible()
    page.goto(f"{live_server.url}/admin/promotions/{promotion.uid}/")
    expect(page.get_by_text("somebody else must decide")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Approve|Refuse"))).to_have_count(0)


def test_an_auditor_sees_everything_and_can_decide_nothing(
    page: Page, live_server: LiveServer, desk: Desk, sign_in: SignIn, shot: Shot
) -> None:
    promotion = world.waiting(desk, 1)
    sign_in(desk.auditor)
    page.goto(f"{live_server.url}/admin/promotions/{promotion.uid}/")
    expect(page.get_by_text("Your role (auditor) reads here and does not decide.")).to_be_visible()
    expect(page.locator("main button")).to_have_count(0)
    page.goto(f"{live_server.url}/admin/models/{desk.model.name}/")
    expect(page.locator("main button")).to_have_count(0)
    shot("model", dark=False)
    page.goto(f"{live_server.url}/admin/versions/{desk.model.name}/1/")
    shot("version")
    page.get_by_role("link", name="Trail", exact=True).click()
    expect(page.get_by_role("heading", name="Entries, newest first")).to_be_visible()
    shot("trail")
    page.get_by_label("Action").select_option("promotion.requested")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody th a").click()
    expect(page.get_by_text("yes, computed again just now")).to_be_visible()
    shot("entry", dark=False)


def test_the_lists_can_be_read(page: Page, live_server: LiveServer, desk: Desk, sign_in: SignIn, shot: Shot) -> None:
    world.waiting(desk, 1)
    sign_in(desk.operator)
    for title, found in (
        ("Models", "care-programme"),
        ("Versions", "care-programme 1"),
        ("Check results", "fairness.impact_ratio@1"),
        ("Policies", "High-risk models to production"),
        ("Accounts", "Tobias Okafor"),
    ):
        page.get_by_role("navigation", name="Desk").get_by_role("link", name=title, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("link", name=re.compile(re.escape(found))).first).to_be_visible()
        shot(f"list-{title.lower().replace(' ', '-')}", dark=False)
    page.get_by_role("link", name="Tobias Okafor").click()
    expect(page.get_by_text("reviewer risk")).to_be_visible()
    shot("row-account", dark=False)
    page.goto(f"{live_server.url}/admin/policies/high-risk/1/")
    shot("policy", dark=False)


def test_without_a_role_there_is_a_page_that_says_so(page: Page, desk: Desk, sign_in: SignIn, shot: Shot) -> None:
    sign_in(desk.newcomer)
    expect(page.get_by_role("heading", name="You are signed in, and hold no role yet")).to_be_visible()
    shot("no-role", dark=False)
    page.get_by_role("button", name="Sign out").click()


def test_the_menu_opens_on_a_telephone_by_keyboard(page: Page, desk: Desk, sign_in: SignIn, shot: Shot) -> None:
    sign_in(desk.risk)
    page.set_viewport_size({"width": 390, "height": 844})
    button = page.get_by_role("button", name="Menu", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Trail", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    shot("menu-narrow", narrow=False, dark=False)


def test_a_whole_review_goes_by_keyboard(page: Page, desk: Desk, sign_in: SignIn) -> None:
    world.waiting(desk, 1)
    sign_in(desk.risk)

    def tab_to(name: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            if name in page.evaluate("document.activeElement.innerText || document.activeElement.name || ''"):
                return
        raise AssertionError(f"Tab never reaches {name}")

    tab_to("care-programme 1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Waiting", level=2)).to_be_visible()
    tab_to("reason")
    page.keyboard.type("Read without a mouse.")
    tab_to("Approve…")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("You are about to"))).to_be_visible()
    tab_to("Approve for risk")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your word is on record.")).to_be_visible()
    assert Approval.objects.get().reason == "Read without a mouse."


def test_a_version_is_asked_for_forced_and_suspended_from_the_page_that_says_why(
    page: Page, live_server: LiveServer, desk: Desk, sign_in: SignIn, shot: Shot
) -> None:
    version = world.version(desk, 1, fair=False)
    sign_in(desk.analyst)
    page.goto(f"{live_server.url}/admin/versions/{desk.model.name}/1/")
    expect(page.get_by_role("heading", name="Blocked on the way to production")).to_be_visible()
    page.locator("summary", has_text="What you cannot do here, and why").click()
    shot("version-why")
    page.get_by_role("link", name="Ask for a promotion…").click()
    shot("ask")
    page.get_by_label("Where it shall go").select_option("canary")
    page.get_by_role("button", name="Ask for a promotion").click()
    expect(page.get_by_role("alert")).to_contain_text("A canary names its share of the traffic")
    page.get_by_label("Share of the traffic").fill("10")
    page.get_by_role("button", name="Ask for a promotion").click()
    expect(page.get_by_text("The gate blocks it for the reasons here")).to_be_visible()

    promotion = version.promotions.get()
    sign_in(desk.operator)
    page.goto(f"{live_server.url}/admin/promotions/{promotion.uid}/break-glass/")
    page.get_by_label("Why").fill("The ward is without a model.")
    shot("break-glass")
    page.get_by_label("Why").fill("The ward is without a model.")
    page.get_by_role("button", name="Break the glass").click()
    sign_in(desk.risk)
    page.goto(f"{live_server.url}/admin/promotions/{promotion.uid}/confirm-break-glass/")
    page.get_by_role("button", name="Confirm the break-glass").click()
    shot("promotion-break-glass", dark=False)
    page.get_by_role("link", name="Due", exact=True).click()
    expect(page.get_by_text("You invoked or confirmed it")).to_be_visible()
    shot("due")
    page.get_by_role("link", name="Delegations", exact=True).click()
    page.get_by_role("link", name="Let somebody speak for you…").click()
    shot("delegate", dark=False)
    page.get_by_label("Who may speak in your place").select_option(label="Nils Neu")
    page.get_by_label("Until the end of").fill((now() + timedelta(days=7)).date().isoformat())
    page.get_by_role("button", name="Let somebody speak for you").click()
    expect(page.get_by_role("heading", name="Nils Neu for Tobias Okafor, risk")).to_be_visible()
    shot("delegations", dark=False)
    page.goto(f"{live_server.url}/admin/versions/{desk.model.name}/1/suspend/")
    page.get_by_label("Why").fill("Complaints.")
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("care-programme 1 is suspended.")).to_be_visible()


def test_an_operator_rolls_back_and_takes_a_report_away(
    page: Page, live_server: LiveServer, desk: Desk, sign_in: SignIn, shot: Shot
) -> None:
    for seed in (1, 2):
        promotion = world.waiting(desk, seed)
        for who, group in ((desk.risk, Group.RISK), (desk.compliance, Group.COMPLIANCE)):
            approve_promotion(actor=who.actor, uid=promotion.uid, group=group, reason="The figures are within.")
    world.blocked(desk, 3)
    sign_in(desk.operator)
    page.goto(f"{live_server.url}/admin/models/{desk.model.name}/")
    page.get_by_role("link", name="Roll back…").click()
    page.get_by_label("Why it must go back").fill("The care team reports patients it missed.")
    shot("roll-back", dark=False)
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("points at version 1 again; version 2 is suspended.")).to_be_visible()
    assert get_version(desk.model.name, 1).position.stage == Stage.PRODUCTION

    page.goto(f"{live_server.url}/admin/versions/{desk.model.name}/1/")
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML").click()
    assert download.value.suggested_filename.endswith(".html")
    shot("version-live")
    page.get_by_role("link", name="Reports", exact=True).click()
    expect(page.get_by_role("link", name=re.compile("^Download"))).to_be_visible()
    page.get_by_role("link", name="Promotions", exact=True).click()
    shot("desk-later")


def test_an_operator_proposes_an_edition_and_judges_the_portfolio_by_it(
    page: Page, live_server: LiveServer, desk: Desk, sign_in: SignIn, shot: Shot
) -> None:
    for seed in (1, 2, 3):
        world.version(desk, seed, fair=seed != 2)
    sign_in(desk.operator)
    page.get_by_role("link", name="Policies", exact=True).click()
    shot("policies", dark=False)
    page.get_by_role("link", name="High-risk models to production").first.click()
    page.get_by_role("link", name="Propose another edition…").click()
    text = page.get_by_label("The policy, as YAML")
    begun = text.input_value()
    text.fill(begun.replace("fairness.impact_ratio", "fairness.magic").replace("count: 1", "count: 0"))
    page.get_by_role("button", name="Propose another edition").click()
    expect(page.get_by_text(re.compile(r"^Line \d+, column \d+: ")).first).to_be_visible()
    shot("policy-wrong", dark=False)
    page.get_by_label("The policy, as YAML").fill(begun.replace("min_ratio: 0.8", "min_ratio: 0.95"))
    page.get_by_label("Why").fill("The board wants more.")
    page.get_by_role("button", name="Propose another edition").click()
    expect(page.get_by_text("Proposed. Another operator decides")).to_be_visible()
    shot("policy-draft", dark=False)
    page.get_by_role("link", name="Judge the portfolio").click()
    expect(page.get_by_role("heading", name="Version by version")).to_be_visible()
    shot("policy-simulation")
