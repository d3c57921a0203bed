"""What runs when Countersign is served from one machine, and in which order does it start and stop?"""

import http.client
import multiprocessing
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from audits.trail import Actor, TrailNotExtended
from governance.models import PolicyVersion
from governance.selectors.webhooks import any_webhooks
from governance.services.policies import publish_shipped_policy, read_policy
from governance.starting import TooManyRights, look_before_starting
from governance.supervisor.bell import Bell
from governance.supervisor.children import Child
from governance.supervisor.dispatcher import Dispatcher
from governance.supervisor.duties import Duties
from governance.supervisor.lifeline import die_with

SERVE = Actor.process("command:serve")
SHIPPED_POLICIES = Path(settings.BASE_DIR) / "governance" / "policies"
SCRATCH = settings.DATA_DIR / "scratch"
ROUND_SECONDS = 0.5
LOGIN_PAGE = "/admin/login/"


class NotPrepared(Exception):
    """The database could not be brought up to date; what was wrong stands on standard error."""


def prepare() -> None:
    """Bring the database up to date and put every shipped policy in force of which there is no edition yet.

    A database whose trail does not extend what others keep of it is refused before anything is recorded on it.
    Done by a process of its own: reading policies loads every check and the numerical libraries they use, which
    the supervisor would then keep in memory for good. Raises: NotPrepared.
    """
    # What killed workers have left lying about; nobody else works here, or the folder's lock would not be ours.
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(mode=0o700)
    child = multiprocessing.get_context("fork").Process(target=_prepare, args=(os.getpid(),))
    child.start()
    child.join()
    if child.exitcode:
        raise NotPrepared(f"The database could not be prepared (exit {child.exitcode}).")


def _prepare(parent: int) -> None:
    die_with(parent)
    call_command("migrate", interactive=False, verbosity=0)
    try:
        said = look_before_starting()
    except (TooManyRights, TrailNotExtended) as refusal:
        sys.exit(str(refusal))
    sys.stderr.writelines(f"{sentence}\n" for sentence in said)
    for path in sorted(SHIPPED_POLICIES.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        if not PolicyVersion.objects.filter(name=read_policy(text).name).exists():
            publish_shipped_policy(actor=SERVE, text=text)


def web_server(listener: socket.socket, *, threads: int) -> Child:
    """Return the web server, one process with threads, on a socket that is open already."""
    return _python(
        "web",
        "-m",
        "gunicorn",
        "--config=python:governance.conf.gunicorn",
        f"--bind=fd://{listener.fileno()}",
        f"--threads={threads}",
        "governance.conf.wsgi:application",
        handed_on=[listener.fileno()],
    )


def worker() -> Child:
    """Return one worker with one pool process.

    It is asked to end at once and not after its task, which may take minutes: the task hands its job back.
    """
    return _python(
        "worker",
        *("-m", "celery", "--quiet", "--app=governance.conf.celery", "worker"),
        *("--pool=prefork", "--concurrency=1", "--loglevel=WARNING"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        farewell=[(signal.SIGQUIT, 3.0)],
        # Django's checks load the pages, which a worker never shows, and a quarter of its memory with them.
        CELERY_SKIP_CHECKS="1",
        TMPDIR=str(SCRATCH),
    )


def deliverer() -> Child:
    """Return the process that sends to webhooks."""
    return _python("deliverer", "manage.py", "deliver_webhooks", "--skip-checks")


def demo_story(listener: socket.socket) -> Child:
    """Return the telling of the demo's story, which ends by itself and says who can sign in."""
    return _python("demo", "manage.py", "demo_story", "--url", address_of(listener).rstrip("/"))


def _python(
    name: str,
    *arguments: str,
    handed_on: Sequence[int] = (),
    farewell: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 4.0),),
    **more: str,
) -> Child:
    # The data folder may have been named relative to where the supervisor was started.
    environment = {**os.environ, "COUNTERSIGN_DATA": str(settings.DATA_DIR), **more}
    return Child(
        name=name,
        command=[sys.executable, *arguments],
        environment=environment,
        folder=str(settings.BASE_DIR),
        handed_on=handed_on,
        farewell=farewell,
    )


def supervise(
    children: Sequence[Child],
    *,
    is_ready: Callable[[], bool] = lambda: True,
    when_ready: Callable[[], None],
    guests: Sequence[Child] = (),
    for_webhooks: Sequence[Child] = (),
) -> None:
    """Keep the children alive and dispatch, until a signal asks to stop; then stop them in the order given.

    Those `for_webhooks` are started with the first webhook, so that an installation without any pays for none.
    `is_ready` is asked after every round until it says yes; then `when_ready` is called and the guests are started,
    once. A guest that ends is not started again.
    """
    dispatcher, duties, has_been_ready = Dispatcher(), Duties(), False
    with Bell() as bell:
        try:
            while not bell.is_stopping:
                for child in children:
                    child.keep_alive()
                if not has_been_ready and is_ready():
                    has_been_ready = True
                    when_ready()
                    for guest in guests:
                        guest.keep_alive()
                for guest in guests:
                    guest.reap()
                dispatcher.round()
                duties.attempt("webhooks", partial(_keep_alive_for_webhooks, for_webhooks))
                bell.sleep(ROUND_SECONDS)
            for child in (*guests, *children, *for_webhooks):
                child.stop()
            # What the workers recorded last is signed before the lights go out.
            dispatcher.sign()
        finally:
            for child in (*guests, *children, *for_webhooks):
                child.kill()


def _keep_alive_for_webhooks(children: Sequence[Child]) -> None:
    if children and any_webhooks():
        for child in children:
            child.keep_alive()


def answers(listener: socket.socket) -> bool:
    """Return whether the login page comes back from our own socket within a second."""
    host, port = listener.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    connection = http.client.HTTPConnection(reachable, port, timeout=1)
    try:
        connection.request("GET", LOGIN_PAGE)
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def address_of(listener: socket.socket) -> str:
    """Return the address to type into a browser."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
