"""Who has to act, and how many lines wait for whom?"""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.admin.inbox import Inbox, count_waiting_for, inbox_of
from governance.models import Account
from governance.roles import Group
from governance.services.approvals import approve_promotion, refuse_promotion
from tests.browser import world
from tests.browser.world import Desk


def numbers(inbox: Inbox) -> dict[str, list[int]]:
    return {
        name: [line.promotion.version.number for line in getattr(inbox, name)]
        for name in ("mine", "blocked", "others", "closed")
    }


def test_every_promotion_stands_in_exactly_one_list(desk: Desk) -> None:
    world.waiting(desk, 1)
    world.waiting(desk, 2, by=desk.analyst)
    world.blocked(desk, 3)
    refused = world.waiting(desk, 4)
    refuse_promotion(actor=desk.risk.actor, uid=refused.uid, group=Group.RISK, reason="Too few rows.")
    assert numbers(inbox_of(desk.risk)) == {"mine": [1, 2], "blocked": [3], "others": [], "closed": [4]}
    # She reviews for risk too, and registered version 2 herself.
    assert numbers(inbox_of(desk.analyst)) == {"mine": [1], "blocked": [3], "others": [2], "closed": [4]}
    assert numbers(inbox_of(desk.auditor)) == {"mine": [], "blocked": [3], "others": [1, 2], "closed": [4]}


def test_a_promotion_stops_waiting_for_a_group_that_has_spoken(desk: Desk) -> None:
    promotion = world.waiting(desk, 1)
    assert [count_waiting_for(who) for who in (desk.risk, desk.analyst, desk.compliance)] == [1, 1, 1]
    approve_promotion(actor=desk.risk.actor, uid=promotion.uid, group=Group.RISK, reason="Within the limits.")
    assert [count_waiting_for(who) for who in (desk.risk, desk.analyst, desk.compliance)] == [0, 0, 1]


def test_a_blocked_promotion_waits_for_nobodys_word(desk: Desk) -> None:
    world.blocked(desk, 1)
    assert count_waiting_for(desk.risk) == 0


@pytest.mark.parametrize("name", ["auditor", "operator"])
def test_who_reviews_for_no_group_has_nothing_waiting(desk: Desk, name: str) -> None:
    world.waiting(desk, 1)
    assert count_waiting_for(getattr(desk, name)) == 0


def test_a_fuller_inbox_asks_the_database_no_more_often(desk: Desk, signed_in: Callable[[Account], Client]) -> None:
    client = signed_in(desk.risk)
    counts = []
    for seeds in ((1, 2), (3, 4, 5, 6)):
        for seed in seeds:
            world.waiting(desk, seed)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get("/admin/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20
