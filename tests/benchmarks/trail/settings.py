"""The product's settings, plus a table for each way of recording that the trail is measured against."""

import tests.environment  # noqa: F401 - a directory and a key of this process's own, before the settings are read
from governance.conf.settings import *  # noqa: F403
from governance.conf.settings import DATABASES, INSTALLED_APPS

ON_POSTGRESQL = DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "auditlog",
    "simple_history",
    # Both live in PostgreSQL's triggers and do not know SQLite.
    *(["pgtrigger", "pghistory"] if ON_POSTGRESQL else []),
    "tests.benchmarks.trail.peers",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
