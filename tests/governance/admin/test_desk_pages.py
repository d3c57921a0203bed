"""Can everything be read by who may read it, and does reading change nothing?"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.messages import get_messages
from django.test import Client
from django.utils.html import escape

from governance.admin import desk as site
from governance.models import Account, ReportExport, Rollback
from governance.roles import Group, Role
from governance.selectors.policies import rules_of_promotion
from governance.services.approvals import approve_promotion
from registry.selectors import get_version
from registry.stages import Stage
from tests import make
from tests.browser import world
from tests.browser.world import Desk
from tests.governance.admin.acting import done, shown, told

SignedIn = Callable[[Account], Client]


def promoted(desk: Desk, seed: int) -> None:
    promotion = world.waiting(desk, seed)
    approve_promotion(actor=desk.risk.actor, uid=promotion.uid, group=Group.RISK, reason="Within the limits.")
    approve_promotion(
        actor=desk.compliance.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="Use is documented."
    )


def everything_stored() -> dict[str, list[dict[str, Any]]]:
    models = [model for model in apps.get_models() if model._meta.app_label in {"audits", "registry", "governance"}]
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in models}


def lists_and_rows(account: Account) -> list[str]:
    addresses = []
    for model in site._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        if model is Account and not account.roles() & {Role.OPERATOR, Role.AUDITOR}:
            continue
        row = model._default_manager.first()
        addresses += [base, f"{base}{row.pk}/change/"] if row and model is not ReportExport else [base]
    return addresses


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def kind_of(address: str) -> str:
    return re.sub(r"/\d+/|[0-9a-f-]{36}", "/n/", address.partition("?")[0])


# One of them follows all that a list links to, the others some of each kind.
@pytest.mark.parametrize(("name", "of_a_kind"), [("operator", 1_000), ("auditor", 5), ("risk", 5), ("analyst", 5)])
def test_every_link_can_be_followed_and_changes_nothing(
    desk: Desk, signed_in: SignedIn, name: str, of_a_kind: int
) -> None:
    promoted(desk, 1)
    world.waiting(desk, 2)
    world.blocked(desk, 3)
    client = signed_in(getattr(desk, name))
    before = everything_stored()
    # The lists that nothing links to are asked for as well.
    seen, left = Counter[str](), ["/admin/", *lists_and_rows(getattr(desk, name))]
    while left:
        address = left.pop()
        kind = kind_of(address)
        if seen[kind] == of_a_kind:
            continue
        seen[kind] += 1
        response = client.get(address, follow=True)
        assert response.status_code == 200, address
        page = response.content.decode() if "html" in response.headers["Content-Type"] else ""
        assert "pbkdf2" not in page
        assert "{%" not in page
        for found in re.findall(r'href="(/admin/[^"#]*)"', page):
            plain = found.replace("&amp;", "&")
            if kind_of(plain) not in seen and plain not in left:
                left.append(plain)
    assert len(seen) >= 33
    assert everything_stored() == before


def test_a_stranger_is_sent_to_sign_in(desk: Desk) -> None:
    promotion = world.waiting(desk, 1)
    for address in ("/admin/", f"/admin/promotions/{promotion.uid}/", "/admin/trail/", "/admin/audits/checkresult/"):
        response = Client().get(address)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/admin/login/")


def test_who_holds_no_role_sees_nothing_but_a_page_that_says_so(desk: Desk, signed_in: SignedIn) -> None:
    response = signed_in(desk.newcomer).get("/admin/trail/", follow=True)
    assert response.status_code == 403
    assert b"hold no role yet" in response.content
    assert b"policy.published" not in response.content


def test_a_pipeline_does_not_enter(desk: Desk, signed_in: SignedIn) -> None:
    assert signed_in(desk.pipeline).get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize("model", list(site._registry), ids=lambda model: model.__name__)
def test_no_list_writes(desk: Desk, signed_in: SignedIn, model: Any) -> None:
    world.waiting(desk, 1)
    client = signed_in(desk.operator)
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    row = model._default_manager.first()
    before = everything_stored()
    for address in (
        base,
        f"{base}add/",
        *([f"{base}{row.pk}/{verb}/" for verb in ("change", "delete", "history")] if row else []),
    ):
        answer = client.post(
            address, {"action": "delete_selected", "_selected_action": str(row.pk) if row else "", "post": "yes"}
        )
        assert answer.status_code in {302, 403, 404}, address
    assert everything_stored() == before


def test_accounts_are_for_operators_and_auditors(desk: Desk, signed_in: SignedIn) -> None:
    answers = {
        name: signed_in(getattr(desk, name)).get("/admin/governance/account/").status_code
        for name in ("operator", "auditor", "risk", "analyst")
    }
    assert answers == {"operator": 200, "auditor": 200, "risk": 403, "analyst": 403}


def test_no_page_allows_scripts_written_into_it(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.waiting(desk, 1)
    client = signed_in(desk.risk)
    for address in ("/admin/", f"/admin/promotions/{promotion.uid}/", "/admin/registry/modelversion/"):
        response = client.get(address)
        policy = response.headers["Content-Security-Policy"]
        assert "script-src 'self' 'unsafe-eval'" in policy
        assert "default-src 'none'" in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", response.content.decode())


def test_the_trail_is_filtered_by_subject_action_and_actor(desk: Desk, signed_in: SignedIn) -> None:
    world.waiting(desk, 1)
    client = signed_in(desk.auditor)

    def found(**wanted: str) -> set[str]:
        page = client.get("/admin/trail/", wanted).content.decode()
        return set(re.findall(r"<strong>(\w+\.\w+)</strong>", page))

    assert found(subject="model/") == {"model.registered"}
    assert found(action="gate.decided") == {"gate.decided"}
    assert found(actor="process:worker") == {"check_run.completed"}
    assert found(subject="nothing/") == set()
    assert "policy.published" in found()


def test_a_long_trail_is_read_page_by_page(desk: Desk, signed_in: SignedIn) -> None:
    for seed in range(1, 4):
        world.waiting(desk, seed)
    client = signed_in(desk.auditor)
    page = client.get("/admin/trail/").content.decode()
    further = re.search(r'href="\?([^"]*)">Older entries', page)
    assert further
    older = client.get("/admin/trail/?" + further[1]).content.decode()
    numbers = [set(re.findall(r"/admin/trail/(\d+)/", text)) for text in (page, older)]
    assert len(numbers[0]) == 50
    assert not numbers[0] & numbers[1]


def test_a_report_is_taken_away_on_the_record(desk: Desk, signed_in: SignedIn) -> None:
    world.waiting(desk, 1)
    client = signed_in(desk.auditor)
    response = client.post("/admin/versions/care-programme/1/report/", {"format": "json"})
    made = ReportExport.objects.get()
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response.headers["Content-Security-Policy"]
    content = b"".join(response.streaming_content)
    assert len(content) == made.size
    again = client.get(f"/admin/reports/{made.uid}/")
    assert b"".join(again.streaming_content) == content


def test_who_may_not_export_is_told_and_nothing_leaves(desk: Desk, signed_in: SignedIn) -> None:
    world.waiting(desk, 1)
    author = make.account("quiet-author", Role.CONTRIBUTOR)
    client = signed_in(author)
    assert "Taking it away" not in client.get("/admin/versions/care-programme/1/").content.decode()
    response = client.post("/admin/versions/care-programme/1/report/", {"format": "json"})
    assert "This needs the role" in said(response)[0]
    assert not ReportExport.objects.exists()


ROLL_BACK = "/admin/models/care-programme/aliases/champion/roll-back/"


def test_an_operator_rolls_back(desk: Desk, signed_in: SignedIn) -> None:
    promoted(desk, 1)
    promoted(desk, 2)
    client = signed_in(desk.operator)
    assert ROLL_BACK in shown(client, "/admin/models/care-programme/")
    assert "Version 2 leaves production and is suspended." in shown(client, ROLL_BACK)
    assert not Rollback.objects.exists()
    response = done(client, ROLL_BACK, reason="Complaints from the care team.")
    assert told(response) == "care-programme@champion points at version 1 again; version 2 is suspended."
    assert get_version("care-programme", 1).position.stage == Stage.PRODUCTION


def test_a_rollback_that_cannot_be_is_a_sentence_and_no_error(desk: Desk, signed_in: SignedIn) -> None:
    promoted(desk, 1)
    response = done(signed_in(desk.operator), ROLL_BACK, reason="Complaints from the care team.")
    assert response.status_code == 409
    assert told(response).startswith("No earlier version was promoted")


@pytest.mark.parametrize("name", ["auditor", "risk"])
def test_only_operators_roll_back(desk: Desk, signed_in: SignedIn, name: str) -> None:
    promoted(desk, 1)
    promoted(desk, 2)
    client = signed_in(getattr(desk, name))
    assert "Roll back" not in shown(client, "/admin/models/care-programme/")
    assert told(done(client, ROLL_BACK, reason="Because.")) == "This takes the role operator."
    assert not Rollback.objects.exists()


def test_each_requirement_shows_figure_interval_limit_drawing_and_table(desk: Desk, signed_in: SignedIn) -> None:
    promotion = world.blocked(desk, 1)
    page = signed_in(desk.risk).get(f"/admin/promotions/{promotion.uid}/").content.decode()
    for expected in (
        "Impact ratio for sex/sex 2: 0.714, with 95 % confidence between 0.554 and 0.894, from 207 rows.",
        "The limit is 0.800 and the ideal 1.000",
        "Attribution share by group",
        "1 of 5 requirements stands against the move to production.",
        promotion.version.artifact_sha256,
        rules_of_promotion(promotion).sha256,
        escape("Men and women are selected at a similar rate"),
    ):
        assert expected in page
    assert page.count("<svg xmlns") >= 5
    assert page.count("<table") >= 5


def test_a_card_names_the_outcome_and_tells_of_the_figure_that_was_found(desk: Desk, signed_in: SignedIn) -> None:
    world.blocked(desk, 1)
    page = signed_in(desk.auditor).get("/admin/versions/care-programme/1/").content.decode()
    assert 'Men and women are selected at a similar rate <span class="cs-chip">failed</span>' in page
    assert re.search(r'cs-key-figure">Impact ratio for sex/sex 2: 0\.714', page)


def test_checks_under_way_are_counted_and_not_told_one_by_one(desk: Desk, signed_in: SignedIn) -> None:
    make.version(desk.pipeline, desk.model, 1)
    page = signed_in(desk.auditor).get("/admin/versions/care-programme/1/").content.decode()
    assert "<h3>4 checks are under way.</h3>" in page
    assert page.count("Wait for the check") == 0
    # The title stands above the sentence.
    assert '<p class="cs-sentence">The check is under way.</p>' in page
