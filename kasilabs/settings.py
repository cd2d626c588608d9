"""Settings, all from the environment (docs/operators/settings.md).

Nothing needs to be set to start: without DATABASE_URL and PUBLIC_URL this is the demo, on SQLite, with keys it makes
for itself. `kasilabs.checks` refuses to start a production that is not whole.
"""

import json
import logging
import os
from pathlib import Path
from typing import Any

from environ import Env

from kasilabs import environment
from kasilabs.lib.crypto import keyfile

BASE_DIR = environment.BASE_DIR
env = environment.read()

DATABASE_URL: str = env["DATABASE_URL"]
DEMO: bool = env["DEMO"]
DEBUG: bool = env["DEBUG"]
DATA_DIR: Path = env["DATA_DIR"]
DEMO_FILE = DATA_DIR / "demo.json"


def _demo_note(name: str) -> Any:
    """Returns what `run` last wrote to demo.json under `name`, or None."""
    try:
        return json.loads(DEMO_FILE.read_text()).get(name)
    except (OSError, ValueError):
        return None


_keys = keyfile.read_or_make(DATA_DIR / "keys.json") if DEMO else {}
SECRET_KEY: str = env["SECRET_KEY"] or _keys.get("SECRET_KEY") or "missing"
ENCRYPTION_KEYS: str = env["ENCRYPTION_KEYS"] or _keys.get("ENCRYPTION_KEYS", "")

PUBLIC_URL: str = env["PUBLIC_URL"]
if DEMO and not PUBLIC_URL:
    PUBLIC_URL = _demo_note("publicUrl") or "http://127.0.0.1:8000"
IS_HTTPS = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS: list[str] = env["ALLOWED_HOSTS"] + (["127.0.0.1", "localhost", "[::1]"] if DEMO else [])

PLUGIN_HOSTS_ALLOWED: str = env["PLUGIN_HOSTS_ALLOWED"]
if DEMO:
    _samples = _demo_note("pluginHosts") or ["support-desk.localhost=127.0.0.1:8101", "gas-os.localhost=127.0.0.1:8102"]
    PLUGIN_HOSTS_ALLOWED = ",".join(filter(None, [PLUGIN_HOSTS_ALLOWED, *_samples]))
PLUGIN_CA_FILE: str = env["PLUGIN_CA_FILE"]

WEB_TURNS: int = env["WEB_TURNS"]
WEB_THREADS: int = env["WEB_THREADS"]
CALLS_PER_INSTALLATION: int = env["CALLS_PER_INSTALLATION"]
CALLS_WAITING: int = env["CALLS_WAITING"]
CALLS_GRACE_SECONDS: float = env["CALLS_GRACE_SECONDS"]
DATABASE_POOL_SIZE: int = env["DATABASE_POOL_SIZE"]
DATABASE_POOL_SMALL: bool = env["DATABASE_POOL_SMALL"]
PREPARE_AFTER = 5
DATABASE_WAIT_SECONDS = 2


def _database() -> dict[str, Any]:
    """SQLite takes the write lock at BEGIN; PostgreSQL goes through psycopg's pool and keeps no connection itself.

    What a connection was asked PREPARE_AFTER times is a prepared statement: planning a call took the database longer
    than carrying it out. A pooler that keeps no prepared statements needs ?server_side_binding=false in DATABASE_URL.
    """
    if not DATABASE_URL:
        DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = DATA_DIR / "kasilabs.sqlite3"
        os.close(os.open(file, os.O_RDONLY | os.O_CREAT, 0o600))  # SQLite would make it readable for everybody.
        config: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file)}
    else:
        config = Env.db_url_config(DATABASE_URL)
    if config["ENGINE"].endswith("sqlite3"):
        pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        options = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": pragmas}
        return {**config, "CONN_MAX_AGE": None, "OPTIONS": options}
    # A pool whose attempt fails leaves it to the next request to try again: it is never asleep when the server is back.
    waits = {"timeout": DATABASE_WAIT_SECONDS, "reconnect_timeout": 0}
    pool = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, **waits}
    options = {
        "server_side_binding": True,
        "prepare_threshold": PREPARE_AFTER,
        "connect_timeout": DATABASE_WAIT_SECONDS,
        **config.get("OPTIONS", {}),
    }
    config["ENGINE"] = "kasilabs.lib.db.postgresql"
    return {**config, "CONN_MAX_AGE": 0, "OPTIONS": {**options, "pool": pool}}


DATABASES = {"default": {**_database(), "ATOMIC_REQUESTS": False}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_URL: str = env["CACHE_URL"]
CACHES: dict[str, Any] = {
    "default": Env.cache_url_config(CACHE_URL)
    if CACHE_URL
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

JOBS_URL: str = env["JOBS_URL"]
JOBS_THREADS: int = env["JOBS_THREADS"]
JOBS_SWEEP_SECONDS: float = env["JOBS_SWEEP_SECONDS"]
JOBS_LEASE_SECONDS: float = env["JOBS_LEASE_SECONDS"]
JOBS_RETRY_SECONDS: float = env["JOBS_RETRY_SECONDS"]
PROVIDER_TIMEOUT_SECONDS: float = env["PROVIDER_TIMEOUT_SECONDS"]
BRIDGE_LEASE_SECONDS: float = env["BRIDGE_LEASE_SECONDS"]
RATE_LIMIT_BRIDGE: int = env["RATE_LIMIT_BRIDGE"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "django_structlog",
    "template_partials",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "kasilabs",
    "kasilabs.jobs",
    "kasilabs.accounts",
    "kasilabs.whatsapp",
    "kasilabs.logs",
    "kasilabs.toolkits",
    "plugins",
    "installations",
    "grants",
    "bridges",
    "kasilabs.agent",
]

MIDDLEWARE = [
    # Every request passes these.
    "kasilabs.lib.machine_api.request_id.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "kasilabs.lib.machine_api.middleware.MachineApiMiddleware",
    "django.middleware.common.CommonMiddleware",
    # The machine API is answered here.
    "kasilabs.lib.machine_api.middleware.MachineViewMiddleware",
    # Only pages and static files pass these.
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Static files are compressed already. It pads each page at random, against the BREACH attack; a proxy would not.
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "kasilabs.accounts.sign_in.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kasilabs.dashboard.middleware.MethodNotAllowedMiddleware",
    "kasilabs.process.request_log.RequestLogMiddleware",
]

ROOT_URLCONF = "kasilabs.urls"
WSGI_APPLICATION = "kasilabs.wsgi.application"
FORM_RENDERER = "kasilabs.templatetags.forms.FormRenderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kasilabs.dashboard.navigation.navigation",
                "kasilabs.demo.context_processors.sign_ins",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "django_htmx.templatetags.django_htmx",
                "template_partials.templatetags.partials",
                "kasilabs.templatetags.formatting",
                "kasilabs.templatetags.forms",
                "kasilabs.templatetags.icons",
                "kasilabs.templatetags.states",
            ],
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
# One look-up for every address; that of allauth makes one more where there is no account.
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "kasilabs.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_FORMS = {"reset_password": "kasilabs.accounts.forms.AskForPasswordLink"}
# What strangers can use up is counted in kasilabs.accounts instead, exactly and so that it stops only them.
ACCOUNT_RATE_LIMITS = dict.fromkeys(
    ["login", "login_failed", "reauthenticate", "reset_password", "reset_password_from_key"]
)
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
MFA_ADAPTER = "kasilabs.accounts.second_factor.MfaAdapter"
MFA_FORMS = {
    "activate_totp": "kasilabs.accounts.forms.TurnOnSecondFactor",
    "authenticate": "kasilabs.accounts.forms.EnterCode",
    "reauthenticate": "kasilabs.accounts.forms.EnterCodeAgain",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1

SESSION_COOKIE_SECURE = IS_HTTPS or not DEMO
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SECURE = IS_HTTPS or not DEMO
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "kasilabs.dashboard.errors.csrf_failure"
BEHIND_PROXY: bool = env["BEHIND_PROXY"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)
SECURE_HSTS_SECONDS = 0 if DEMO else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEMO
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = env["STATIC_ROOT"]
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

EMAIL_URL: str = env["EMAIL_URL"]
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_TIMEOUT = 10  # For each answer of the mail server; a mail needs six of them within JOBS_LEASE_SECONDS.
if EMAIL_URL:
    vars().update(Env.email_url_config(EMAIL_URL))
elif DEMO:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
DEFAULT_FROM_EMAIL = env["DEFAULT_FROM_EMAIL"]

LOG_LEVEL: str = env["LOG_LEVEL"]
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "kasilabs.process.process_log.formatter", "as_json": not DEMO}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"level": LOG_LEVEL},
        "huey": {"level": "WARNING"},
        "django.server": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False},
    },
}
