"""Every address that writes leaves an entry on the trail, whichever dialect it belongs to.

The addresses come from the resolver, the requests from the examples of the API's page: a new address without either
fails here.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from audits.trail import Entry
from tests.governance.api.conftest import Caller
from tests.governance.api.test_examples import EXAMPLES, build, lay_out, reachable

SAFE = {"get", "head", "options"}
# What leaves no entry, and why.
NO_ENTRY = {
    "PUT api/v1/blobs/<segment:sha256>": "bytes are no evidence until they are declared",
    "POST api/v1/uploads": "bytes under way",
    "PUT api/v1/uploads/<uuid:uid>": "bytes under way",
    "POST api/v1/notices/<number:notice>/reading": "a mark of the reader's own",
    "POST api/2.0/mlflow/registered-models/get-latest-versions": "a question, asked with a body",
    "POST api/v1/policies/simulation": "a question, asked with a body because the text is long",
}
HOOKS = "/api/2.0/mlflow/webhooks"
HOOK = '{"name": "drop-in", "url": "$RECEIVER", "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]}'
MODELS, VERSIONS = "/api/2.0/mlflow/registered-models", "/api/2.0/mlflow/model-versions"
REQUESTS, COMMENTS = "/api/2.0/mlflow/transition-requests", "/api/2.0/mlflow/comments"
MOVE = '{"name": "care-programme", "version": "4", "stage": "Production", "comment": "Read."}'
NAMED, FIRST = '{"name": "Drop-in"', '{"name": "Drop-in", "version": "1"'
# Other acts, in rows that belong together: token, method, address, body. MADE is the id in the answer before.
MORE: list[list[tuple[str, str, str, str]]] = [
    [
        ("OPERATOR", "POST", HOOKS, HOOK),
        ("OPERATOR", "PATCH", f"{HOOKS}/$MADE", '{"description": "Of the nightly job."}'),
        ("OPERATOR", "POST", f"{HOOKS}/$MADE/test", "{}"),
        ("OPERATOR", "DELETE", f"{HOOKS}/$MADE", "{}"),
    ],
    [
        ("TOKEN", "POST", f"{MODELS}/create", NAMED + "}"),
        ("TOKEN", "PATCH", f"{MODELS}/update", NAMED + ', "description": "Anew."}'),
        ("TOKEN", "POST", f"{MODELS}/set-tag", NAMED + ', "key": "k", "value": "v"}'),
        ("TOKEN", "DELETE", f"{MODELS}/delete-tag", NAMED + ', "key": "k"}'),
        ("TOKEN", "POST", f"{VERSIONS}/create", NAMED + ', "source": "s3://models/1"}'),
        ("TOKEN", "PATCH", f"{VERSIONS}/update", FIRST + ', "description": "Anew."}'),
        ("TOKEN", "POST", f"{VERSIONS}/set-tag", FIRST + ', "key": "k", "value": "v"}'),
        ("TOKEN", "DELETE", f"{VERSIONS}/delete-tag", FIRST + ', "key": "k"}'),
        ("TOKEN", "POST", f"{MODELS}/alias", FIRST + ', "alias": "free"}'),
        ("TOKEN", "DELETE", f"{MODELS}/alias", NAMED + ', "alias": "free"}'),
        ("TOKEN", "POST", f"{VERSIONS}/transition-stage", FIRST + ', "stage": "Production"}'),
        ("OPERATOR", "DELETE", f"{VERSIONS}/delete", FIRST + "}"),
        ("OPERATOR", "POST", f"{MODELS}/rename", NAMED + ', "new_name": "Dropped"}'),
        ("OPERATOR", "DELETE", f"{MODELS}/delete", '{"name": "Dropped"}'),
    ],
    [("TOKEN", "POST", f"{REQUESTS}/create", MOVE), ("REVIEWER", "POST", f"{REQUESTS}/approve", MOVE)],
    [("TOKEN", "POST", f"{REQUESTS}/create", MOVE), ("REVIEWER", "POST", f"{REQUESTS}/reject", MOVE)],
    [("TOKEN", "POST", f"{REQUESTS}/create", MOVE), ("TOKEN", "DELETE", f"{REQUESTS}/delete", MOVE)],
    [
        ("TOKEN", "POST", f"{COMMENTS}/create", '{"name": "care-programme", "version": "4", "comment": "Read."}'),
        ("TOKEN", "PATCH", f"{COMMENTS}/update", '{"id": "$MADE", "comment": "Read twice."}'),
        ("TOKEN", "DELETE", f"{COMMENTS}/delete?id=$MADE", ""),
    ],
    [("TOKEN", "POST", "/api/2.0/mlflow/databricks/model-versions/transition-stage", MOVE)],
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


def requests(example: str, world: dict[str, str], folder: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield token, method, address and body of what an example would send; the body of a file is its name."""
    script = f"exec 3>&1 1>/dev/null\n{SHELL}\n{example}"
    told = subprocess.run(
        ["bash", "-c", script], env=world, cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )
    for line in told.stdout.splitlines():
        token, address, body = line.split("\t")
        method = "POST" if body.startswith(("{", "@")) else "PUT"
        yield token, method, address.removeprefix(world["URL"]), body


def sent(token: str, method: str, address: str, body: str, folder: Path) -> Any:
    kind = (
        "application/json" if body.startswith("{") else "text/yaml" if method == "POST" else "application/octet-stream"
    )
    content = body.encode() if body.startswith("{") else b""
    if body and not content and body != "-":
        content = (folder / body.removeprefix("@")).read_bytes()
    return Caller(token).generic(method, address, content, content_type=kind)


def filled(text: str, world: dict[str, str]) -> str:
    return re.sub(r"\$([A-Z]+)", lambda name: world[name[1]], text)


@pytest.fixture
def world(db: None, tmp_path: Path) -> Iterator[dict[str, str]]:
    lay_out(tmp_path)
    with reachable() as receiver:
        yield {**build(receiver), "URL": "http://here", "RECEIVER": receiver.url()}


def test_every_write_leaves_an_entry(world: dict[str, str], tmp_path: Path) -> None:
    examples = [list(requests(example, world, tmp_path)) for example in EXAMPLES]
    examples += [[(world[who], *rest) for who, *rest in rows] for rows in MORE]
    recorded, silent = set(), set()
    for example in examples:
        # Use cases want to be the outermost transaction, so that what an example did is taken back by hand.
        savepoint = transaction.savepoint()
        for token, method, address, body in example:
            before = Entry.objects.count()
            place = filled(address, world)
            answer = sent(token, method, place, filled(body, world), tmp_path)
            if made := re.search(rb'"(?:webhook_id|comment":\s*{"id)":\s*"([^"]+)"', answer.content):
                world["MADE"] = made[1].decode()
            is_recorded = Entry.objects.count() > before
            # A closed gate refuses after the commit: the request is on record.
            if answer.status_code < 300 or is_recorded:
                path = place if place.startswith("/api/") else f"/api/v1/{place}"
                route = f"{method} {resolve(path.split('?')[0]).route}"
                (recorded if is_recorded else silent).add(route)
        transaction.savepoint_rollback(savepoint)
    assert silent - recorded <= set(NO_ENTRY), "these acts succeeded and left no entry"
    assert writes() - recorded - set(NO_ENTRY) == set(), "no example of these succeeded, so that nothing is known"


def test_what_is_excused_exists() -> None:
    assert set(NO_ENTRY) <= writes()
