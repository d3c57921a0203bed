"""Every address that writes leaves an entry on the trail, whichever dialect it belongs to.

The addresses come from the resolver, the requests from the examples of the API's page: a new address without either
fails here.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from audits.trail import Entry
from tests.governance.api.conftest import Caller
from tests.governance.api.test_examples import EXAMPLES, built, receiver  # noqa: F401 - a fixture
from tests.receiver import Receiver

SAFE = {"get", "head", "options"}
# What leaves no entry, and why.
NO_ENTRY = {
    "PUT api/v1/blobs/<segment:sha256>": "bytes are no evidence until they are declared",
    "POST api/v1/uploads": "bytes under way",
    "PUT api/v1/uploads/<uuid:uid>": "bytes under way",
    "POST api/v1/notices/<number:notice>/reading": "a mark of the reader's own",
    "POST api/v1/policies/simulation": "a question, asked with a body because the text is long",
}
# Requests that no example of the page makes in a form that can be replayed here: token, address, body.
MORE: list[tuple[str, str, str]] = [
    ("REVIEWER", "promotions/$PROMOTION/approvals", '{"verdict": "refuse", "group": "risk", "reason": "No."}'),
]
# In place of curl: tell what would be sent, with everything the shell makes of it.
SHELL = r"""
set -uo pipefail
post() { printf '%s\t%s\t%s\n' "$TOKEN" "$1" "$(tr -d '\n' <<<"$2")" >&3; echo '{"uid": "none", "content": {}}'; }
call() {
  local file="" last="" before=""
  for word in "$@"; do
    case "$before" in -T|--data-binary) file="$word";; esac
    before="$word"; last="$word"
  done
  [ -n "$file" ] && printf '%s\t%s\t%s\n' "$TOKEN" "$last" "$file" >&3
  echo '{"content": {}}'
}
"""


def every_pattern(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from every_pattern(pattern, route)
        else:
            yield route, pattern


def writes() -> set[str]:
    """Return method and route of every write there is below /api/."""
    found = set()
    for route, pattern in every_pattern(get_resolver()):
        door = getattr(pattern.callback, "cls", None)
        if route.startswith("api/") and door:
            methods = [method for method in door.http_method_names if method not in SAFE and hasattr(door, method)]
            found |= {f"{method.upper()} {route}" for method in methods}
    return found


def requests(example: str, world: dict[str, str], folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield token, address and body of what an example would send; the body of a file is its name."""
    script = f"exec 3>&1 1>/dev/null\n{SHELL}\n{example}"
    told = subprocess.run(
        ["bash", "-c", script], env=world, cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )
    for line in told.stdout.splitlines():
        token, address, body = line.split("\t")
        yield token, address.removeprefix(world["URL"]).removeprefix("/api/v1/"), body


def sent(token: str, address: str, body: str, folder: Path) -> Any:
    caller = Caller(token)
    if body.startswith("@"):
        return caller.generic("POST", address, (folder / body[1:]).read_text(), content_type="text/yaml")
    if body.startswith("{"):
        return caller.generic("POST", address, body, content_type="application/json")
    content = (folder / body).read_bytes() if body != "-" else b""
    return caller.put(address, content, content_type="application/octet-stream")


def test_every_write_leaves_an_entry(db: None, tmp_path: Path, receiver: Receiver) -> None:  # noqa: F811
    world = {**built(tmp_path, receiver), "URL": "http://here"}
    examples = [list(requests(example, world, tmp_path)) for example in EXAMPLES]
    examples += [[(world[who], re.sub(r"\$(\w+)", lambda name: world[name[1]], at), body)] for who, at, body in MORE]
    recorded, silent = set(), set()
    for example in examples:
        # Use cases want to be the outermost transaction, so that what an example did is taken back by hand.
        savepoint = transaction.savepoint()
        for token, address, body in example:
            before = Entry.objects.count()
            answer = sent(token, address, body, tmp_path)
            if answer.status_code < 300:
                route = f"{answer.request['REQUEST_METHOD']} {resolve('/api/v1/' + address.split('?')[0]).route}"
                (recorded if Entry.objects.count() > before else silent).add(route)
        transaction.savepoint_rollback(savepoint)
    assert silent - recorded <= set(NO_ENTRY), "these acts succeeded and left no entry"
    assert writes() - recorded - set(NO_ENTRY) == set(), "no example of these succeeded, so that nothing is known"


def test_what_is_excused_exists() -> None:
    assert set(NO_ENTRY) <= writes()
