"""The page of a version shows what is said about it; whoever wrote it changes it there."""

from collections.abc import Callable

import pytest
from django.test import Client

from governance.admin import comment_lines
from governance.models import Account, Comment
from governance.services.comments import write_comment
from tests.browser import world
from tests.browser.world import Desk
from tests.governance.admin.acting import at, done, shown, told

SignedIn = Callable[[Account], Client]


def test_a_comment_is_written_revised_and_taken_back(desk: Desk, signed_in: SignedIn) -> None:
    version = world.version(desk, 1)
    page = f"/admin/versions/{version.model.name}/{version.number}/"
    mine, other = signed_in(desk.risk), signed_in(desk.analyst)
    assert 'id="comments"' not in shown(mine, page)
    assert told(done(mine, at(version, "comment"), text="<b>Bold</b>\nand two lines.")) == (
        "Your comment stands on this page now."
    )
    act = f"/admin/comments/{Comment.objects.get().uid}"
    for client, offered in ((mine, True), (other, False)):
        seen = shown(client, page)
        assert "&lt;b&gt;Bold&lt;/b&gt;<br>and two lines." in seen
        assert desk.risk.display_name in seen
        assert ", revised" not in seen
        assert (f"{act}/revise/" in seen) is offered
    assert "two lines." in shown(mine, f"{act}/revise/"), "the form begins with what it says"
    assert told(done(mine, f"{act}/revise/", text="Read.")) == "Your comment reads so now."
    assert ", revised" in shown(other, page)
    refused = done(other, f"{act}/withdraw/")
    assert (refused.status_code, told(refused)) == (409, "Somebody else wrote it.")
    assert told(done(mine, f"{act}/withdraw/")) == "Your comment is taken back."
    assert 'id="comments"' not in shown(other, page)
    assert told(done(mine, f"{act}/revise/", text="Back.")) == "It is withdrawn already."


@pytest.mark.parametrize("text", ["", " ", "x" * 4_001])
def test_what_is_no_comment_is_refused_beside_the_form(desk: Desk, signed_in: SignedIn, text: str) -> None:
    version = world.version(desk, 1)
    response = done(signed_in(desk.risk), at(version, "comment"), text=text)
    assert response.status_code == 422
    assert 'id="id_text_error"' in response.content.decode()
    assert not Comment.objects.exists()


def test_the_newest_are_shown_and_that_there_are_more(
    desk: Desk, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = world.version(desk, 1)
    monkeypatch.setattr(comment_lines, "MOST", 2)
    for number in (1, 2, 3):
        write_comment(actor=desk.risk.actor, version=version, text=f"Number {number}.")
    seen = shown(signed_in(desk.analyst), f"/admin/versions/{version.model.name}/{version.number}/")
    assert "Number 1." not in seen
    assert 0 < seen.index("Number 2.") < seen.index("Number 3.")
    assert "The newest 2; the API lists them all." in seen
