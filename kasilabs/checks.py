"""Production checks: what would be unsafe or broken refuses to start, with an id to look up."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from environ import Env
from psycopg import conninfo

from kasilabs.lib.crypto import aes
from kasilabs.lib.http.hosts import AllowedHosts

TAG = "kasilabs"
DJANGO_OPTIONS = {"pool", "server_side_binding", "prepare_threshold", "assume_role", "isolation_level"}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def _error(number: int, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"kasilabs.E{number:03}")


@register(TAG)
def keys(**_: object) -> Iterator[CheckMessage]:
    """SECRET_KEY and ENCRYPTION_KEYS are there and well formed."""
    if len(settings.SECRET_KEY) < 32:
        yield _error(1, "SECRET_KEY is missing or too short.", "Set at least 50 random characters.")
    if not settings.ENCRYPTION_KEYS:
        yield _error(2, "ENCRYPTION_KEYS is missing.", "Set k1:<32 random bytes in base64>.")
        return
    try:
        aes.parse_keys(settings.ENCRYPTION_KEYS)
    except ValueError as error:
        yield _error(3, f"ENCRYPTION_KEYS cannot be read: {error}.", "Write k2:<base64>,k1:<base64>.")


@register(TAG)
def address(**_: object) -> Iterator[CheckMessage]:
    """PUBLIC_URL says where the platform is, and the demo stays on this machine."""
    url = urlsplit(settings.PUBLIC_URL)
    if url.scheme not in {"http", "https"} or not url.hostname or url.path or url.query or url.fragment:
        yield _error(6, "PUBLIC_URL is missing or malformed.", "Set https://host without a trailing slash.")
    elif settings.DEMO and url.hostname not in LOOPBACK:
        yield _error(7, "DEMO=1 with a PUBLIC_URL that is not loopback.", "Unset DEMO: its passwords are known.")
    elif not settings.DEMO and url.scheme != "https" and url.hostname not in LOOPBACK:
        yield _error(6, "PUBLIC_URL is not https.", "Tokens and cookies need https.")
    try:
        AllowedHosts.parse(settings.PLUGIN_HOSTS_ALLOWED)
    except ValueError as error:
        yield _error(9, f"PLUGIN_HOSTS_ALLOWED cannot be read: {error}", "Write name[:port][=address:port], …")


@register(TAG)
def production(**_: object) -> Iterator[CheckMessage]:
    """What only a demo may do."""
    if settings.DEMO:
        return
    if settings.DEBUG:
        yield _error(4, "DEBUG is on.", "Unset DEBUG: error pages would show settings and data.")
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield _error(5, "ALLOWED_HOSTS is empty or a wildcard.", "Name each host.")
    if not settings.DATABASE_URL:
        yield _error(10, "DATABASE_URL is missing.", "Set postgres://user:password@host/name.")
    if settings.DATABASE_POOL_SIZE < settings.WEB_TURNS and not settings.DATABASE_POOL_SMALL:
        yield _error(
            8,
            f"The pool of {settings.DATABASE_POOL_SIZE} connections is smaller than {settings.WEB_TURNS} turns.",
            "Raise DATABASE_POOL_SIZE, or set DATABASE_POOL_SMALL=1 if that is meant.",
        )


@register(TAG)
def database(**_: object) -> Iterator[CheckMessage]:
    """What DATABASE_URL adds behind its question mark is known to Django or to PostgreSQL's client."""
    if not settings.DATABASE_URL.startswith("postgres"):
        return
    options = Env.db_url_config(settings.DATABASE_URL).get("OPTIONS", {})
    try:
        conninfo.make_conninfo(**{name: value for name, value in options.items() if name not in DJANGO_OPTIONS})
    except psycopg.Error:
        yield _error(10, "DATABASE_URL has a parameter that PostgreSQL's client does not know.", "Leave it out.")


@register(TAG)
def later_work(**_: object) -> Iterator[CheckMessage]:
    """The bell can be reached, and nobody waits for a provider longer than the work is theirs."""
    if settings.JOBS_URL.startswith("postgres"):
        try:
            conninfo.conninfo_to_dict(settings.JOBS_URL)
        except psycopg.Error:
            yield _error(11, "JOBS_URL has a parameter that PostgreSQL's client does not know.", "Leave it out.")
    for lease in ("JOBS_LEASE_SECONDS", "BRIDGE_LEASE_SECONDS"):
        if getattr(settings, lease) <= settings.PROVIDER_TIMEOUT_SECONDS:
            yield _error(12, f"PROVIDER_TIMEOUT_SECONDS is not below {lease}.", "Unset both for their defaults.")
