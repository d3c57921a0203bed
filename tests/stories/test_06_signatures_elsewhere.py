"""Where a policy asks for the password, nothing that stands in for an approval goes without it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from audits.trail import Entry, now
from governance.errors import SignatureRefused
from governance.models import Account, BreakGlassVerdict, Promotion
from governance.roles import Group
from governance.services.conditions import Demand, fulfil_condition
from governance.services.emergencies import confirm_break_glass, invoke_break_glass, review_break_glass
from registry.stages import Stage
from tests import make
from tests.stories.waiting import PASSWORD, stage, yes

pytestmark = pytest.mark.django_db

SIGNED = make.POLICY + "sign_off: {reauthenticate: true}\n"


@pytest.fixture
def blocked(pipeline: Account) -> Promotion:
    make.policy(SIGNED)
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version, fairness_impact_ratio="failed")
    return make.promotion(pipeline, version)


def only_signed(act: Callable[..., Any], action: str, **said: Any) -> None:
    """Try an act without a password, with a wrong one and with the right one; its entry says how it was signed."""
    for password in ({}, {"password": "a-wrong-guess"}):
        with pytest.raises(SignatureRefused):
            act(**said, **password)
        assert not Entry.objects.filter(action=action).exists()
    act(**said, password=PASSWORD)
    entry = Entry.objects.get(action=action)
    assert '"signed":"password"' in entry.text
    assert PASSWORD not in entry.text


def test_an_emergency_is_signed_by_all_three(blocked: Promotion, rita: Account, carl: Account) -> None:
    lena = make.reviewer("lena-legal", Group.LEGAL, password=PASSWORD)
    why: dict[str, Any] = {"uid": blocked.uid, "reason": "The ward is without a model."}
    only_signed(invoke_break_glass, "break_glass.invoked", actor=rita.actor, **why)
    only_signed(confirm_break_glass, "break_glass.confirmed", actor=carl.actor, uid=blocked.uid)
    assert stage() == Stage.PRODUCTION
    said = {**why, "verdict": BreakGlassVerdict.JUSTIFIED}
    only_signed(review_break_glass, "break_glass.reviewed", actor=lena.actor, **said)


def test_a_waiver_is_signed(blocked: Promotion, rita: Account) -> None:
    def waive(**password: str) -> None:
        make.waiver(rita, blocked.version, **password)

    only_signed(waive, "waiver.granted")


def test_a_condition_is_confirmed_by_a_signature(blocked: Promotion, rita: Account, dora: Account) -> None:
    demand = Demand("Measure the autumn sample.", dora, now() + timedelta(days=9))
    condition = yes(blocked, rita, conditions=[demand], password=PASSWORD).conditions.get()
    said = {"uid": condition.uid, "note": "Seen: 4,000 rows."}
    only_signed(fulfil_condition, "condition.met", actor=rita.actor, **said)
