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
