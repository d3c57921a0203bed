"""A proposed policy is read and decided at the desk, by somebody else than its author."""

from collections.abc import Callable

import pytest
from django.test import Client

from governance.models import Account, PolicyDraft, PolicyVersion
from governance.roles import Role
from governance.services.policies import propose_policy
from tests import make
from tests.browser import world
from tests.browser.world import Desk
from tests.governance.admin.acting import done, shown, told

SignedIn = Callable[[Account], Client]
STRICTER = world.POLICY.replace("min_ratio: 0.8", "min_ratio: 0.9")


@pytest.fixture
def draft(desk: Desk) -> PolicyDraft:
    author = make.account("paula", Role.OPERATOR)
    return propose_policy(actor=author.actor, text=STRICTER, reason="The board asked for it.")


def test_an_operator_reads_what_changes_and_puts_it_in_force(
    desk: Desk, signed_in: SignedIn, draft: PolicyDraft
) -> None:
    client = signed_in(desk.operator)
    address = f"/admin/policies/drafts/{draft.uid}/"
    assert address in client.get("/admin/governance/policyversion/").content.decode()
    page = client.get(address).content.decode()
    assert "The board asked for it." in page
    assert "-    parameters: {attribute: sex, min_ratio: 0.8}" in page
    assert "+    parameters: {attribute: sex, min_ratio: 0.9}" in page
    assert draft.sha256 in shown(client, f"{address}approve/")
    assert told(done(client, f"{address}approve/")) == "The policy is in force."
    assert PolicyVersion.objects.first().published_by == str(desk.operator.actor)
    assert address not in client.get("/admin/governance/policyversion/").content.decode()
    assert told(done(client, f"{address}refuse/")).startswith("This proposal was published on")


def test_whoever_may_not_decide_gets_no_button_and_no_way_around(
    desk: Desk, signed_in: SignedIn, draft: PolicyDraft
) -> None:
    author = Account.objects.get(login="paula")
    address = f"/admin/policies/drafts/{draft.uid}/"
    for account, why in (
        (author, "You proposed it; another operator decides."),
        (desk.auditor, "This takes the role operator."),
        (desk.risk, "This takes the role operator."),
    ):
        client = signed_in(account)
        assert why in shown(client, address)
        assert "Approve and put in force…" not in shown(client, address)
        assert told(done(client, f"{address}approve/")) == why
    assert told(done(signed_in(desk.operator), f"{address}withdraw/")) == "Only whoever proposed it withdraws it."
    assert not hasattr(PolicyDraft.objects.get(uid=draft.uid), "closure")
    assert told(done(signed_in(author), f"{address}withdraw/")) == "The proposal is withdrawn."
    assert PolicyDraft.objects.get(uid=draft.uid).closure.outcome == "withdrawn"


def test_an_operator_proposes_an_edition_and_sees_what_it_would_change(desk: Desk, signed_in: SignedIn) -> None:
    world.version(desk, 1)
    client = signed_in(desk.operator)
    address = "/admin/policies/high-risk/1/propose/"
    assert address in shown(client, "/admin/policies/high-risk/1/")
    assert "min_ratio: 0.8}" in shown(client, address)
    # As a browser sends it.
    text = world.POLICY.replace("min_ratio: 0.8", "min_ratio: 0.99").replace("\n", "\r\n")
    proposed = done(client, address, text=text, reason="The board asked for it.")
    assert told(proposed).startswith("Proposed.")
    draft = PolicyDraft.objects.get(closure__isnull=True)
    assert "\r" not in draft.text
    assert proposed.headers["Location"] == f"/admin/policies/drafts/{draft.uid}/"
    assert f"/admin/policies/drafts/{draft.uid}/simulation/" in shown(client, proposed.headers["Location"])
    page = shown(client, f"/admin/policies/drafts/{draft.uid}/simulation/")
    assert "1 version judged by the proposal and by edition 1" in page
    assert "1 move would be judged otherwise" in page
    assert "<strong>1</strong> from allow to wait" in page
    assert "not run over this version&#x27;s evidence" in page


def test_everything_that_is_wrong_with_a_proposal_is_said_beside_it(desk: Desk, signed_in: SignedIn) -> None:
    client = signed_in(desk.operator)
    address = "/admin/policies/propose/"
    assert "Propose a policy…" in shown(client, "/admin/governance/policyversion/")
    wrong = world.POLICY.replace("fairness.impact_ratio", "fairness.magic").replace("group: risk", "group: friends")
    response = done(client, address, text=wrong)
    page = response.content.decode()
    assert response.status_code == 422
    assert page.count('class="cs-error"') == 2
    assert "Line " in told(response)
    assert "friends" in page
    same = done(client, address, text=world.POLICY)
    assert told(same) == "This text is in force already, as edition 1 of high-risk."
    assert not PolicyDraft.objects.filter(closure__isnull=True).exists()
    assert told(done(signed_in(desk.risk), address, text=wrong)) == "This takes the role operator."
