"""How is this installation set up? Every setting comes from the environment and has a working default.

Reference: docs/reference/settings.md.
"""

import os
import shlex
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from governance.conf.secrets import actor_keys, own_actor_key, secret_key, trail_key_seed, witness_key_seed

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = Path(os.environ.get("COUNTERSIGN_DATA", BASE_DIR / ".countersign")).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)


def _flag(name: str, default: bool) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def _words(name: str, default: str) -> list[str]:
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


# A connection serves many requests: opening one costs more than a request, on SQLite because the schema is read again,
# and on PostgreSQL because a process is started. One that broke meanwhile is noticed before it is used.
KEPT_OPEN = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    options: dict[str, object] = dict(parse_qsl(parts.query))
    if parts.scheme == "sqlite":
        # WAL lets readers pass writers; IMMEDIATE takes the write lock at BEGIN, so that a transaction never
        # finds half-way that it must wait for a lock it can no longer get. The dispatcher empties the log of WAL
        # whenever it signs; an act does only when four times the usual number of pages have gathered meanwhile.
        return {
            **KEPT_OPEN,
            "ENGINE": "audits.sqlite",
            "NAME": unquote(parts.path) or str(DATA_DIR / "countersign.sqlite3"),
            # A file, as in real life: a database in memory has other locks.
            "TEST": {"NAME": str(DATA_DIR / "test.sqlite3")},
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON; "
                "PRAGMA wal_autocheckpoint=4000;",
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        is_pooled = _flag("COUNTERSIGN_POOLED_DATABASE", False)
        # What is asked a second time over a connection is planned once; a pooler would hand it to a server that has
        # never heard of it.
        options["prepare_threshold"] = None if is_pooled else 1
        return {
            **KEPT_OPEN,
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path).lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": parts.port or "",
            "OPTIONS": options,
            # A pooler in transaction mode loses server-side cursors between statements.
            "DISABLE_SERVER_SIDE_CURSORS": is_pooled,
        }
    raise ValueError(f"DATABASE_URL starts with {parts.scheme!r}; use sqlite:///path or postgresql://…")


DEBUG = False
SECRET_KEY = os.environ.get("COUNTERSIGN_SECRET_KEY") or secret_key(DATA_DIR)
ALLOWED_HOSTS = _words("COUNTERSIGN_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = _words("COUNTERSIGN_TRUSTED_ORIGINS", "")
HTTPS = _flag("COUNTERSIGN_HTTPS", False)

# The address by which people reach it, for links in what is sent out; without it links are paths.
PUBLIC_URL = os.environ.get("COUNTERSIGN_URL", "").rstrip("/")

# The origin names this trail in every entry; it never changes in the life of an installation.
TRAIL_ORIGIN = os.environ.get("COUNTERSIGN_TRAIL_ORIGIN", "countersign.local/trail")

# A program that signs the trail's checkpoints, as a command line, and the public keys it signs with.
TRAIL_SIGNER = shlex.split(os.environ.get("COUNTERSIGN_TRAIL_SIGNER", ""))
TRAIL_PUBLIC_KEYS = _words("COUNTERSIGN_TRAIL_PUBLIC_KEYS", "")

# The Ed25519 seed that signs them otherwise, 32 bytes; from the environment as hex, else kept beside the data. With a
# program none is made, but one that is there still hands over to it.
TRAIL_KEY_SEED = bytes.fromhex(os.environ.get("COUNTERSIGN_TRAIL_KEY", "")) or trail_key_seed(
    DATA_DIR, make=not TRAIL_SIGNER
)
# Where a rotation puts the seeds of keys that follow the first.
TRAIL_KEYS_DIR = DATA_DIR / "trail_keys"

# The keys under which the service proves that it wrote an entry, each with the size from which on it does not count;
# the first proves new ones. Without any, one is made with the first entry and kept beside the data; a process that
# only reads makes none. From which entry on a proof is needed; without a number, from the first that has one.
ACTOR_KEYS = actor_keys(_words("COUNTERSIGN_ACTOR_KEYS", ""))
OWN_ACTOR_KEY = partial(own_actor_key, DATA_DIR)
PROVED_FROM = int(os.environ["COUNTERSIGN_PROVED_FROM"]) if os.environ.get("COUNTERSIGN_PROVED_FROM") else None

# Who is asked to remember our checkpoints, each as "<witness key> <address>"; how many of them must have seen an entry
# before it counts as witnessed; how long one may take to answer.
WITNESSES = _words("COUNTERSIGN_WITNESSES", "")
WITNESS_QUORUM = int(os.environ.get("COUNTERSIGN_WITNESS_QUORUM", 1))
WITNESS_TIMEOUT_SECONDS = float(os.environ.get("COUNTERSIGN_WITNESS_TIMEOUT_SECONDS", 3))

# For whom we remember checkpoints, each as the key of a log; under which name and with which seed we cosign them.
WITNESSED_LOGS = _words("COUNTERSIGN_WITNESSED_LOGS", "")
WITNESS_NAME = os.environ.get("COUNTERSIGN_WITNESS_NAME", f"{TRAIL_ORIGIN}/witness")
WITNESS_KEY_SEED = bytes.fromhex(os.environ.get("COUNTERSIGN_WITNESS_KEY", "")) or witness_key_seed(DATA_DIR)

# Where checkpoints are kept outside the database, each as "<kind>:<where>"; how often those get one that are not given
# every one; where the proof is written when the database does not extend what was kept.
ANCHORS = _words("COUNTERSIGN_ANCHORS", f"file:{DATA_DIR}/last-checkpoint")
ANCHOR_SECONDS = int(os.environ.get("COUNTERSIGN_ANCHOR_SECONDS", 3600))
TRAIL_PROOFS_DIR = DATA_DIR / "proofs"

# The mail server that takes checkpoints along, as smtps://user:password@host:port or smtp+starttls://…, and smtp://…
# where no password is sent (`deploy_checks`); and who they are from.
_MAIL = urlsplit(os.environ.get("COUNTERSIGN_MAIL_URL") or "smtp://localhost")
_MAIL_PORTS = {"smtps": 465, "smtp+starttls": 587}
EMAIL_HOST, EMAIL_PORT = _MAIL.hostname or "localhost", _MAIL.port or _MAIL_PORTS.get(_MAIL.scheme, 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_MAIL.username or ""), unquote(_MAIL.password or "")
EMAIL_USE_SSL, EMAIL_USE_TLS, EMAIL_TIMEOUT = _MAIL.scheme == "smtps", _MAIL.scheme == "smtp+starttls", 10
DEFAULT_FROM_EMAIL = os.environ.get("COUNTERSIGN_MAIL_FROM", "countersign@localhost")

# Whether a process whose database role could change what was recorded does not start.
TWO_ROLES = _flag("COUNTERSIGN_TWO_ROLES", False)

# Whether everybody who reaches the service may read the trail under /trail/ and the figures under /metrics.
TRAIL_PUBLIC = _flag("COUNTERSIGN_TRAIL_PUBLIC", True)

INSTALLED_APPS = [
    "unfold",
    # The pages are loaded by the URLs, so only by the process that shows them.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "audits",
    "registry",
    "governance",
]
AUTH_USER_MODEL = "governance.Account"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "governance.conf.security.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "governance.conf.urls"
WSGI_APPLICATION = "governance.conf.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": _database(os.environ.get("DATABASE_URL") or "sqlite://")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
# Served straight from the packages: an embedded start needs no collectstatic.
WHITENOISE_USE_FINDERS = True

# Uploads go to disk as they arrive, whatever their size.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files"},
    },
    "evidence": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "evidence", "file_permissions_mode": 0o440},
    },
    "anchors": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "anchors", "file_permissions_mode": 0o440},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EVIDENCE_MAX_BYTES = int(os.environ.get("COUNTERSIGN_EVIDENCE_MAX_BYTES", 5 * 1024**3))
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(exist_ok=True, mode=0o700)

# How long a worker may be silent before its job counts as lost, and how often a job may be lost.
JOB_LEASE_SECONDS = int(os.environ.get("COUNTERSIGN_JOB_LEASE_SECONDS", 20))
JOB_REPUBLISH_SECONDS = int(os.environ.get("COUNTERSIGN_JOB_REPUBLISH_SECONDS", 10))
JOB_MAX_ATTEMPTS = int(os.environ.get("COUNTERSIGN_JOB_MAX_ATTEMPTS", 5))
JOB_WALL_SECONDS = int(os.environ.get("COUNTERSIGN_JOB_WALL_SECONDS", 1800))
JOB_MEMORY_BYTES = int(os.environ.get("COUNTERSIGN_JOB_MEMORY_BYTES", 4 * 1024**3))

# Reports that leave the house show no figure that rests on fewer rows than this; 0 shows all.
EXPORT_SMALLEST_CELL = int(os.environ.get("COUNTERSIGN_EXPORT_SMALLEST_CELL", 5))

# How many requests a token is good for in a minute; 0 for any number.
TOKEN_REQUESTS_PER_MINUTE = int(os.environ.get("COUNTERSIGN_TOKEN_REQUESTS_PER_MINUTE", 6000))

# Where messages to webhooks may go beyond https and public addresses, how long a receiver may take, and how many days
# it can be seen what came of them.
WEBHOOK_HTTP = _flag("COUNTERSIGN_WEBHOOK_HTTP", False)
WEBHOOK_PRIVATE = _flag("COUNTERSIGN_WEBHOOK_PRIVATE", False)
WEBHOOK_TIMEOUT_SECONDS = float(os.environ.get("COUNTERSIGN_WEBHOOK_TIMEOUT_SECONDS", 10))
# A deliverer that is silent for longer counts as lost: longer than an attempt takes, resolving the name included.
WEBHOOK_LEASE_SECONDS = float(os.environ.get("COUNTERSIGN_WEBHOOK_LEASE_SECONDS", 30))
WEBHOOK_HISTORY_DAYS = int(os.environ.get("COUNTERSIGN_WEBHOOK_HISTORY_DAYS", 30))

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "governance.api.authentication.TokenAuthentication",
        "governance.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "governance.api.problems.problem_response",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Countersign",
    "DESCRIPTION": "Registry, checks, gates and trail for machine-learning models.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Choices stay where they are used: named apart, they would be named by a hash wherever two fields share a name.
    "POSTPROCESSING_HOOKS": ["governance.api.schema.tidy"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

CELERY_BROKER_URL = os.environ.get("COUNTERSIGN_BROKER_URL") or "filesystem://localhost"
# Installations that share a broker need different names; it becomes part of file names and exchange names.
CELERY_QUEUE = os.environ.get("COUNTERSIGN_QUEUE", "countersign")

UNFOLD = {
    "SITE_TITLE": "Countersign",
    "SITE_HEADER": "Countersign",
    "SITE_SYMBOL": "verified",
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "STYLES": [lambda request: f"{STATIC_URL}governance/desk.css"],
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: f"{STATIC_URL}governance/mark.svg"}
    ],
    "COLORS": {
        "primary": {
            "50": "#eff5ff",
            "100": "#dbe7fe",
            "200": "#bfd3fc",
            "300": "#9dbcf9",
            "400": "#7ea5f3",
            "500": "#7ea5f3",
            "600": "#2f5bb7",
            "700": "#284d9c",
            "800": "#23407f",
            "900": "#1f3665",
            "950": "#14223f",
        },
    },
}
LOGGING_CONFIG = "governance.conf.logging.configure"
# Django calls it only when there is something to hand over.
LOGGING = {"version": 1}
