"""Two clocks that disagree are told apart: the acting machine's, inside the text, and the trail's, beside it."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from audits.trail import newest_skew, now, record, verify
from tests import make
from tests.forgery import forge

pytestmark = pytest.mark.django_db(transaction=True)


def act(*, behind: timedelta) -> None:
    """Record an act by a machine whose clock is `behind` the trail's."""
    with record(actor=make.COMMAND, at=now() - behind) as trail:
        trail.note(action="report.exported", subject="test/clock")


def test_a_clock_more_than_five_minutes_behind_is_remarked_and_no_flaw() -> None:
    for minutes in (0, 4, 6, 90, 7, 0):
        act(behind=timedelta(minutes=minutes))
    verdict = verify()
    assert verdict.is_whole
    (remark,) = verdict.remarks
    assert (remark.code, remark.index) == ("clock_skew", 2)
    assert remark.sentence.startswith("Entries 2 to 4: recorded 90 minutes after the act")
    said = StringIO()
    call_command("verify_trail", workers=1, stdout=said)
    assert remark.sentence in said.getvalue()


def test_a_clock_more_than_five_minutes_ahead_is_a_flaw_as_nothing_is_recorded_before_its_act() -> None:
    act(behind=timedelta(minutes=-4))
    act(behind=timedelta(minutes=-6))
    assert [(flaw.code, flaw.index) for flaw in verify().flaws] == [("time_differs", 1)]


def test_the_newest_skew_is_that_of_the_newest_entry_and_none_without_one() -> None:
    assert newest_skew() == timedelta()
    act(behind=timedelta(hours=1))
    assert abs(newest_skew() - timedelta(hours=1)) < timedelta(seconds=30)
    act(behind=timedelta(hours=-1))
    assert abs(newest_skew() + timedelta(hours=1)) < timedelta(seconds=30)


@pytest.mark.parametrize("text", ["no document", "[]", '{"at":7}', '{"at":"2026-01-01T00:00:00"}'])
def test_a_newest_text_that_was_damaged_has_no_skew(text: str) -> None:
    act(behind=timedelta(hours=1))
    forge(f"UPDATE audits_entry SET text = '{text}'")
    assert newest_skew() == timedelta()
    assert not verify().is_whole
