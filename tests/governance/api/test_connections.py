"""One connection to the database serves many requests, and one that broke meanwhile costs no request its answer."""

import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import psycopg
import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.db.backends.signals import connection_created

from governance.roles import Verb
from tests import make


@pytest.fixture
def opened() -> Iterator[list[Any]]:
    """The connections that this thread opened meanwhile; servers of other tests may still be closing theirs."""
    connections: list[Any] = []
    here = threading.get_ident()

    def note(**found: Any) -> None:
        if threading.get_ident() == here:
            connections.append(found["connection"])

    connection_created.connect(note)
    yield connections
    connection_created.disconnect(note)


def status_of(path: str, token: str) -> str:
    """Ask as the web server does, from the first to the last signal of a request."""
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ |= {"PATH_INFO": path, "HTTP_AUTHORIZATION": f"Bearer {token}"}
    said: list[str] = []
    answer = get_wsgi_application()(environ, lambda status, headers, exc_info=None: said.append(status))
    b"".join(answer)
    answer.close()
    return said[0]


@pytest.mark.django_db(transaction=True)
def test_many_requests_are_served_over_one_connection(opened: list[Any]) -> None:
    token = make.token(make.contributor(), Verb.READ)
    connection.close()
    opened.clear()
    assert [status_of("/api/v1/models", token) for _ in range(3)] == ["200 OK"] * 3
    assert len(opened) == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server that could close a connection")
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_closed_costs_no_request_its_answer(opened: list[Any]) -> None:
    token = make.token(make.contributor(), Verb.READ)
    assert status_of("/api/v1/models", token) == "200 OK"
    settings = connection.settings_dict
    with psycopg.connect(dbname=settings["NAME"], host=settings["HOST"], autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    opened.clear()
    assert status_of("/api/v1/models", token) == "200 OK"
    assert len(opened) == 1
