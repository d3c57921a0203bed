"""What did the checks find, what does the gate say, and does the version move?"""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from governance.cli.answers import CLOSED, OPEN, UNKNOWN, Answer, CouldNotTell, Line
from governance.cli.service import Refused, Service
from governance.cli.terminal import Screen

# What names a version: an alias, a number, or nothing behind the name of its model.
PARTS = re.compile(r"[^@/]+(@[^@/]+|/[0-9]{1,9})?")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
# What a machine is still busy with; everything else that waits, waits for people.
UNDER_WAY = {"not_run", "not_ordered", "running"}
OF_PEOPLE = "approval:"


def version_path(service: Service, reference: str) -> str:
    """Return the address of `model/3`, `model@alias` or `model` (its newest version). Raises: CouldNotTell, Refused."""
    if not PARTS.fullmatch(reference):
        raise CouldNotTell(f"{reference!r} names no version; write model/3, model@alias or model.")
    if "@" in reference:
        name, _, alias = reference.partition("@")
        number = service.get(f"models/{segment(name)}/aliases/{segment(alias)}")["version"]["number"]
    elif "/" in reference:
        name, _, text = reference.partition("/")
        number = int(text)
    else:
        name = reference
        newest = service.get(f"models/{segment(name)}/versions", limit=1)["items"]
        if not newest:
            raise CouldNotTell(f"{name} has no version yet.")
        number = newest[0]["number"]
    return f"models/{segment(name)}/versions/{number}"


def version_link(service: Service, version: dict[str, Any]) -> str:
    """Return the desk's page about a version."""
    return f"{service.url}/admin/versions/{segment(version['model'])}/{version['number']}/"


def check(
    service: Service, screen: Screen, *, version: str, is_ordering: bool, is_waiting: bool, timeout: float
) -> Answer:
    """Tell what the newest run of each check found; before that, order those that only a run can answer."""
    shown = service.get(path := version_path(service, version))
    if is_ordering:
        _order(service, path)
    runs = _settled_runs(service, screen, path, timeout) if is_waiting else _newest_runs(service, path)
    name = f"{shown['model']}/{shown['number']}"
    if not runs:
        raise CouldNotTell(f"No check was ordered for {name}: no policy about it asks for one.")
    lines = tuple(Line(run["verdict"] or run["state"], run["check"], _said_about(run)) for run in runs)
    by_verdict = {verdict: sum(run["verdict"] == verdict for run in runs) for verdict in (None, "passed")}
    document = {"version": shown, "checks": runs}
    link = version_link(service, shown)
    if by_verdict[None]:
        headline = f"{by_verdict[None]} of {len(runs)} checks of {name} are not done yet."
        return Answer(UNKNOWN, headline, lines, link, document)
    passed = by_verdict["passed"]
    if passed == len(runs):
        return Answer(OPEN, f"All {passed} checks of {name} passed.", lines, link, document)
    headline = f"{len(runs) - passed} of {len(runs)} checks of {name} did not pass; the policy says what that means."
    return Answer(CLOSED, headline, lines, link, document)


def _order(service: Service, path: str) -> None:
    """Order what broke off or has become too old. Nothing of that kind is no reason to stop. Raises: Refused."""
    try:
        service.post(f"{path}/checks", {})
    except Refused as refusal:
        if refusal.code != "nothing_to_order":
            raise


def gate(
    service: Service,
    screen: Screen,
    *,
    version: str,
    target: str,
    alias: str,
    is_waiting: bool,
    timeout: float,
    is_without_people: bool,
) -> Answer:
    """Tell whether the gate is open for a move, and what would open it; changes nothing."""
    shown = service.get(path := version_path(service, version))
    if is_waiting:
        _settled_runs(service, screen, path, timeout)
    said = service.get(f"{path}/explanation", target=target, alias=alias)
    blocks = [one for one in said["blocks"] if not (is_without_people and _is_of_people(one))]
    lines = tuple(_explained(one) for one in [*said["passes"], *said["blocks"]])
    move = f"{shown['model']}/{shown['number']} to {target}"
    answer = {"version": shown, "gate": said}
    link = version_link(service, shown)
    if not blocks and (said["passes"] or said["blocks"]):
        left = "; approvals are still asked for" if said["blocks"] else ""
        return Answer(OPEN, f"Open: {move}{left}.", lines, link, answer)
    if not blocks:
        raise CouldNotTell(f"No policy guards {move}, so there is nothing to be open.")
    if any(one["reason"]["outcome"] == "block" for one in blocks):
        count = sum(one["reason"]["outcome"] == "block" for one in blocks)
        return Answer(CLOSED, f"Closed: {move}. {_number(count, 'reason')} against it.", lines, link, answer)
    if any(one["reason"]["code"] in UNDER_WAY for one in blocks):
        return Answer(UNKNOWN, f"Cannot tell yet: {move}. Checks are under way.", lines, link, answer)
    return Answer(CLOSED, f"Closed: {move}. It waits for people.", lines, link, answer)


def promote(
    service: Service,
    screen: Screen,
    *,
    version: str,
    target: str,
    alias: str,
    rollout: str,
    percent: int,
    reason: str,
    is_waiting: bool,
    timeout: float,
) -> Answer:
    """Ask to move a version, and follow the request until it is decided if that is wished."""
    shown = service.get(version_path(service, version))
    body: dict[str, Any] = {"model": shown["model"], "version": shown["number"], "target": target, "alias": alias}
    body |= {"rollout": rollout} if rollout else {}
    body |= {"percent": percent} if percent else {}
    body |= {"reason": reason} if reason else {}
    asked = service.post("promotions", body)
    address = f"promotions/{asked['uid']}"
    if is_waiting and asked["outcome"] == "waiting":
        for asked in _polled(lambda: service.get(address), timeout):
            if asked["outcome"] != "waiting" or asked["state"] != "open":
                break
            screen.progress(f"{_waits_for(asked)} of {shown['model']}/{shown['number']}", 0, 1)
    return _followed(service, asked)


def _followed(service: Service, asked: dict[str, Any]) -> Answer:
    reasons = (asked["decision"] or {"reasons": []})["reasons"]
    lines = tuple(Line(one["outcome"], one["requirement"], one["sentence"]) for one in reasons)
    link = f"{service.url}/admin/promotions/{asked['uid']}/"
    move = f"{asked['model']}/{asked['version']} to {asked['target'] or asked['alias']}"
    if asked["state"] == "promoted":
        return Answer(OPEN, f"Promoted: {move}.", lines, link, asked)
    if asked["state"] != "open":
        return Answer(CLOSED, f"Not promoted: {move}; the request was {asked['state']}.", lines, link, asked)
    if asked["outcome"] == "blocked":
        return Answer(CLOSED, f"Blocked: {move}.", lines, link, asked)
    return Answer(UNKNOWN, f"Waiting: {move}; {_waits_for(asked)} under way.", lines, link, asked)


def _waits_for(asked: dict[str, Any]) -> str:
    reasons = [one for one in (asked["decision"] or {"reasons": []})["reasons"] if one["outcome"] == "wait"]
    of_people = sum(one["requirement"].startswith(OF_PEOPLE) for one in reasons)
    return "approvals are" if reasons and of_people == len(reasons) else "checks are"


def _explained(one: dict[str, Any]) -> Line:
    reason = one["reason"]
    return Line(reason["outcome"], reason["requirement"], reason["sentence"], one["how"])


def _is_of_people(one: dict[str, Any]) -> bool:
    return bool(one["reason"]["requirement"].startswith(OF_PEOPLE)) and one["reason"]["outcome"] == "wait"


def _said_about(run: dict[str, Any]) -> str:
    return run["sentence"] or (f"{run['percent']} % done." if run["state"] == "running" else "Waits for its turn.")


def _newest_runs(service: Service, path: str) -> list[dict[str, Any]]:
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for run in service.items(f"{path}/checks"):
        newest.setdefault((run["check"], json.dumps(run["parameters"], sort_keys=True)), run)
    return sorted(newest.values(), key=lambda run: (run["check"], run["ordered_at"]))


def _settled_runs(service: Service, screen: Screen, path: str, timeout: float) -> list[dict[str, Any]]:
    """Return the newest runs when all have a verdict. Raises: CouldNotTell when the time is over."""
    for runs in _polled(lambda: _newest_runs(service, path), timeout):
        open_runs = [run for run in runs if run["verdict"] is None]
        if not open_runs:
            screen.done()
            return runs
        what = f"{len(runs) - len(open_runs)} of {len(runs)} checks are done"
        screen.progress(what, sum(run["percent"] for run in runs), 100 * len(runs))
    raise AssertionError("polling ends by an answer or an exception")


def _polled(read: Callable[[], Any], timeout: float) -> Iterator[Any]:
    """Yield what is read again and again, less and less often. Raises: CouldNotTell when the time is over."""
    end, pause = time.monotonic() + timeout, FIRST_PAUSE
    while True:
        yield read()
        left = end - time.monotonic()
        if left <= 0:
            raise CouldNotTell(f"It is not decided after {timeout:g} seconds; ask again, or give --timeout.")
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def segment(name: str) -> str:
    return quote(name, safe="")
