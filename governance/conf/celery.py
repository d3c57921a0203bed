"""How do messages travel? By files beside the database, unless a broker is given."""

import os
from typing import Any

from billiard.process import current_process
from celery import Celery
from celery.signals import setup_logging, worker_process_init
from django.conf import settings

from governance.conf import logging
from governance.supervisor.lifeline import die_with

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.conf.settings")

app = Celery("countersign")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    task_default_queue=settings.CELERY_QUEUE,
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    # Events and remote control cost file traffic and serve nobody: progress is told by the job's own row.
    worker_send_task_events=False,
    worker_enable_remote_control=False,
)

# Whoever rings does not wait for a silent broker: the row stays due and the dispatcher rings again.
options: dict[str, Any] = {"max_retries": 1, "interval_start": 0}
if settings.CELERY_BROKER_URL.startswith("filesystem"):
    queue = settings.DATA_DIR / "queue"
    for folder in (queue, queue / "control"):
        folder.mkdir(parents=True, exist_ok=True)
    options |= {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "control_folder": str(queue / "control"),
        "polling_interval": 0.3,
    }
elif settings.CELERY_BROKER_URL.startswith("redis"):
    options |= {
        # With the defaults kombu looks for lost messages every hundred seconds.
        "visibility_timeout": 30,
        "unacked_restore_throttle": 1,
        # Keeps installations apart that share a server: the lists of unacknowledged messages have fixed names.
        "global_keyprefix": f"{settings.CELERY_QUEUE}:",
    }
app.conf.broker_transport_options = options

app.autodiscover_tasks(["audits", "governance"])


@setup_logging.connect
def speak_as_the_others_do(**_: Any) -> None:
    """Whoever connects here sets up logging instead of Celery, so every process writes the same kind of line."""
    logging.configure({})


@worker_process_init.connect
def die_with_the_worker(**_: Any) -> None:
    """A pool child must not outlive a killed worker and finish a task that somebody else has taken over."""
    die_with(current_process()._parent_pid)  # type: ignore[attr-defined]
