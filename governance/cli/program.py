"""Which command does what? Exit status 0: open, go on. 1: closed. 2: could not tell; do not go on either."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from audits.offline import verify
from governance.cli import deciding, proving, submitting
from governance.cli.answers import INTERRUPTED, UNKNOWN, Answer, CouldNotTell
from governance.cli.service import Refused, Service
from governance.cli.terminal import Screen, markdown_of

EPILOG = """\
environment:
  COUNTERSIGN_URL      where the service answers, such as https://countersign.example
  COUNTERSIGN_TOKEN    a token with the scopes that the command needs (never given on the command line,
                       where every process of the machine could read it)
  COUNTERSIGN_KEY      public key of the trail, for admit and verify
  NO_COLOR             no colours
  GITHUB_STEP_SUMMARY  file to which a summary in Markdown is appended, as with --summary

exit status: 0 open or done; 1 closed, refused or tampered; 2 could not tell; of verify also 3, valid with reservations
"""
# A year, in seconds.
LONGEST = 366 * 86_400
Run = Callable[[argparse.Namespace, Service, Screen], Answer]


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["verify"]:
        return verify.main([*arguments[1:], *_known_key(arguments)])
    given = parser().parse_args(arguments)
    screen = Screen(sys.stdout, sys.stderr, os.environ)
    try:
        return _told(given, screen)
    except KeyboardInterrupt:
        screen.tell("Interrupted.")
        return INTERRUPTED
    except OSError as problem:
        # The answer could not be written, or a file not read.
        screen.let_go()
        screen.tell(f"{problem}.")
        return UNKNOWN
    except Exception:
        # Python itself would end with 1, which says "closed".
        traceback.print_exc()
        screen.tell("This is a fault of the command line; tell whoever runs the service.")
        return UNKNOWN


def _told(given: argparse.Namespace, screen: Screen) -> int:
    """Run a command, print what it answers, and return its exit status. Raises: OSError."""
    try:
        answer = _run(given, screen)
    except (CouldNotTell, Refused) as problem:
        screen.tell(str(problem))
        if given.json:
            screen.print({"exit": UNKNOWN, "problem": str(problem), **getattr(problem, "problem", {})})
        return UNKNOWN
    if given.summary:
        _summarise(answer, Path(given.summary), screen)
    try:
        if given.json:
            screen.print({"exit": answer.status, **answer.document})
        else:
            screen.show(answer)
    except BrokenPipeError:
        # Whoever read has read enough; the status answers still.
        screen.let_go()
    return answer.status


def _summarise(answer: Answer, page: Path, screen: Screen) -> None:
    try:
        with page.open("a", encoding="utf-8") as file:
            file.write(markdown_of(answer))
    except OSError as problem:
        screen.tell(f"The summary could not be written to {page}: {problem.strerror}. The answer stands.")


def _run(given: argparse.Namespace, screen: Screen) -> Answer:
    if given.command == "admit" and given.statement:
        return _admit(given, None)
    token = os.environ.get("COUNTERSIGN_TOKEN", "")
    if not given.url or not token:
        raise CouldNotTell("Set COUNTERSIGN_URL (or give --url) and COUNTERSIGN_TOKEN.")
    with Service(given.url, token, screen.tell) as service:
        run: Run = given.run
        return run(given, service, screen)


def parser() -> argparse.ArgumentParser:
    """Return what is read of the command line."""
    program = argparse.ArgumentParser(
        prog="countersign",
        description="Register models, ask the gate, and check what it signed.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--url", default=os.environ.get("COUNTERSIGN_URL", ""), help="where the service answers")
    everywhere.add_argument("--json", action="store_true", help="answer with one JSON document")
    everywhere.add_argument(
        "--summary",
        metavar="FILE",
        default=os.environ.get("GITHUB_STEP_SUMMARY", ""),
        help="append a summary in Markdown to this file",
    )
    waits = argparse.ArgumentParser(add_help=False)
    waits.add_argument("--wait", action="store_true", help="wait until it is decided, showing how far it is")
    waits.add_argument("--timeout", type=seconds, default=900, metavar="SECONDS", help="how long to wait (900)")
    of_version = argparse.ArgumentParser(add_help=False)
    of_version.add_argument("version", help="model/3, model@alias, or model for its newest version")
    move = argparse.ArgumentParser(add_help=False)
    move.add_argument("--target", default="production", choices=["staging", "production"])
    move.add_argument("--alias", default="champion", help="name that shall point at the version (champion)")
    commands = program.add_subparsers(dest="command", required=True, metavar="command")

    def command(name: str, run: Run, does: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=does, description=does, parents=[*parents, everywhere])
        added.set_defaults(run=run)
        return added

    does = "register a model and a version of it, as a TOML file describes them"
    command("register", _register, does).add_argument("description", type=Path, help="such as countersign.toml")
    _add_upload(command("upload", _upload, "send a file, say what it is, attach it to a version"))
    asks = command("check", _check, "tell what the checks of a version found", of_version, waits)
    asks.add_argument("--again", action="store_true", help="first order what broke off or has become too old")
    asks = command("gate", _gate, "tell whether a version may move, and what would help", of_version, move, waits)
    asks.add_argument("--without-approvals", action="store_true", help="leave out what only people can give")
    asks = command("promote", _promote, "ask to move a version", of_version, move, waits)
    asks.add_argument("--rollout", default="", choices=["shadow", "canary", "blue_green", "full"])
    asks.add_argument("--percent", type=int, default=0, help="of a canary: share of the traffic")
    asks.add_argument("--reason", default="")
    asks = command("admit", lambda given, service, _: _admit(given, service), "tell whether a file may be deployed")
    asks.add_argument("what", metavar="file", help="the file that is about to be deployed, or its SHA-256")
    asks.add_argument("--target", default="production", choices=["staging", "production"])
    asks.add_argument("--alias", default="", help="name under which it will serve")
    asks.add_argument("--key", default=os.environ.get("COUNTERSIGN_KEY", ""), help="public key of the trail")
    asks.add_argument("--statement", type=Path, help="check a statement that was kept, and ask nobody")
    asks.add_argument("--save", type=Path, help="keep the signed statement in this file")
    commands.add_parser("verify", help="check a bundle or a checkpoint offline", add_help=False)
    return program


def seconds(text: str) -> float:
    """Return a length of time. Raises: ValueError, which argparse tells by this function's name."""
    length = float(text)
    if not 0 <= length <= LONGEST:
        raise ValueError(text)
    return length


def _add_upload(asks: argparse.ArgumentParser) -> None:
    asks.add_argument("file", type=Path)
    kind = asks.add_mutually_exclusive_group()
    kind.add_argument("--document", default="", metavar="KIND", help="it is a document, such as model_card or dpia")
    kind.add_argument("--table", type=Path, metavar="TOML", help="it is a table, declared in this file")
    kind.add_argument("--artifact", action="store_true", help="it is an artifact")
    asks.add_argument("--attach", default="", metavar="VERSION", help="make it evidence of this version")
    asks.add_argument("--purpose", default="", help="what it serves for there (a document's kind, or evaluation)")


def _register(given: argparse.Namespace, service: Service, screen: Screen) -> Answer:
    return submitting.register(service, screen, description=given.description)


def _upload(given: argparse.Namespace, service: Service, screen: Screen) -> Answer:
    return submitting.upload(
        service,
        screen,
        file=given.file,
        document=given.document,
        table=given.table,
        is_artifact=given.artifact,
        attach=given.attach,
        purpose=given.purpose,
    )


def _check(given: argparse.Namespace, service: Service, screen: Screen) -> Answer:
    return deciding.check(
        service,
        screen,
        version=given.version,
        is_ordering=given.again,
        is_waiting=given.wait,
        timeout=given.timeout,
    )


def _gate(given: argparse.Namespace, service: Service, screen: Screen) -> Answer:
    return deciding.gate(
        service,
        screen,
        version=given.version,
        target=given.target,
        alias=given.alias,
        is_waiting=given.wait,
        timeout=given.timeout,
        is_without_people=given.without_approvals,
    )


def _promote(given: argparse.Namespace, service: Service, screen: Screen) -> Answer:
    return deciding.promote(
        service,
        screen,
        version=given.version,
        target=given.target,
        alias=given.alias,
        rollout=given.rollout,
        percent=given.percent,
        reason=given.reason,
        is_waiting=given.wait,
        timeout=given.timeout,
    )


def _admit(given: argparse.Namespace, service: Service | None) -> Answer:
    if not given.key:
        raise CouldNotTell("Set COUNTERSIGN_KEY or give --key: without the public key nothing signed can be checked.")
    return proving.admit(
        service,
        what=given.what,
        target=given.target,
        alias=given.alias,
        key=given.key,
        statement=given.statement,
        save=given.save,
    )


def _known_key(arguments: list[str]) -> list[str]:
    key = os.environ.get("COUNTERSIGN_KEY", "")
    return ["--key", key] if key and "--key" not in arguments else []
