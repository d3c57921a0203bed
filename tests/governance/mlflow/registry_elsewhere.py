"""A registry as a team may have it on a real MLflow server, and what that server answers whoever reads it.

`python -m tests.governance.mlflow.registry_elsewhere` writes the recording.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import django
import httpx

from tests.governance.mlflow.real_server import RECORDING, sender, serving

ANSWERS = RECORDING.with_name("registry.json")


def populate(send: Any) -> None:
    """Make everything that comes over, and everything that does not."""

    def ask(path: str, method: str = "POST", **parameters: Any) -> Any:
        status, answer = send(method, path, parameters)
        assert status == 200, (path, parameters, answer)
        return answer

    def model(name: str, *versions: str, tags: dict[str, str] | None = None, description: str = "") -> None:
        pairs = [{"key": key, "value": value} for key, value in (tags or {}).items()]
        ask("registered-models/create", name=name, tags=pairs, description=description)
        for source in versions:
            ask("model-versions/create", name=name, source=source)

    model("churn", description="Who leaves.", tags={"team": "risk", "countersign.risk_tier": "limited"})
    for number in range(1, 7):
        ask(
            "model-versions/create",
            name="churn",
            source=f"s3://models/churn/{number}",
            run_link=f"https://tracking.example/{number}",
            description=f"Number {number}.",
            tags=[{"key": "seed", "value": str(number)}],
        )
    ask("model-versions/delete", method="DELETE", name="churn", version="2")
    ask("model-versions/delete", method="DELETE", name="churn", version="5")
    for version, stage in (("1", "Archived"), ("3", "Production"), ("4", "Staging")):
        ask("model-versions/transition-stage", name="churn", version=version, stage=stage)
    for alias, version in (("champion", "3"), ("candidate", "6"), ("older", "1")):
        ask("registered-models/alias", name="churn", alias=alias, version=version)
    ask("model-versions/set-tag", name="churn", version="6", key="countersign.verdict", value="passed")
    model("empty")
    model('it\'s "quoted" 100%', "s3://models/quoted/1")
    model("of-one-machine", "s3://models/machine/1")
    model("two\nlines", "s3://models/lines/1")
    model("greeting", tags={"mlflow.prompt.is_prompt": "true"})
    model("unknown-tier", tags={"countersign.risk_tier": "colossal"})
    model("many", *(f"s3://models/many/{number}" for number in range(103)))


def record() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.conf.settings")
    django.setup()
    # Run by itself, this file is read before there is a Django to read the importer with.
    from governance.management.mlflow_server import MlflowServer

    answers: dict[str, Any] = {}

    def keep(answer: httpx.Response) -> None:
        answer.read()
        answers[answer.request.url.raw_path.decode()] = answer.json()

    with serving() as address:
        populate(sender(address))
        with MlflowServer(address, environment={}) as server:
            server._client.event_hooks["response"] = [keep]
            for name in server.names():
                server.model(name)
                for _ in server.versions(name):
                    pass
    ANSWERS.write_text(json.dumps(answers, ensure_ascii=False, sort_keys=True, indent=0) + "\n")
    sys.stdout.write(f"{len(answers)} answers recorded\n")


class Elsewhere:
    """Answers as was recorded; what is asked beyond is 404.

    After `after` many answers the line breaks, within an answer if `half`. `instead` is a status and a body for all.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = json.loads(ANSWERS.read_text())
        self.after: int | None = None
        self.half = False
        self.instead: tuple[int, bytes] | None = None
        self.headers: list[str] = []
        self.address = ""


@contextmanager
def answering() -> Iterator[Elsewhere]:
    """Serve the recording on a port of this machine."""
    it = Elsewhere()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            it.headers.append(self.headers.get("Authorization", ""))
            if it.after is not None:
                it.after -= 1
                if it.after < 0 and not it.half:
                    self.connection.close()
                    return
            found = it.answers.get(self.path)
            body = json.dumps(found or {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}).encode()
            status, body = it.instead or (200 if found is not None else 404, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            is_cut = it.after is not None and it.after < 0
            self.wfile.write(body[: len(body) // 2] if is_cut else body)

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    it.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield it
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    record()
