"""How does the web server run? One process with threads; its socket and number of threads come from the supervisor."""

from typing import Any

from governance.supervisor.lifeline import die_with

workers = 1
worker_class = "gthread"
timeout = 60
graceful_timeout = 3
keepalive = 15
loglevel = "warning"
# The heartbeat of a worker must not wait for a busy disk.
worker_tmp_dir = "/dev/shm"  # noqa: S108
# Nobody administers it from outside.
control_socket_disable = True


def post_fork(server: Any, worker: Any) -> None:
    """A worker must not outlive a killed master: it would hold the port and answer with old code."""
    die_with(worker.ppid)
