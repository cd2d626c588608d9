from kasilabs.settings import (
    ALLOWED_HOSTS,
    AUTH_USER_MODEL,
    DATABASES,
    DEFAULT_AUTO_FIELD,
    INSTALLED_APPS,
    PLUGIN_CA_FILE,
    PLUGIN_HOSTS_ALLOWED,
    SECRET_KEY,
    USE_TZ,
    WEB_THREADS,
)

__all__ = [
    "ALLOWED_HOSTS",
    "AUTH_USER_MODEL",
    "DATABASES",
    "DEFAULT_AUTO_FIELD",
    "INSTALLED_APPS",
    "PLUGIN_CA_FILE",
    "PLUGIN_HOSTS_ALLOWED",
    "SECRET_KEY",
    "USE_TZ",
    "WEB_THREADS",
]

# allauth does not start without its own.
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "allauth.account.middleware.AccountMiddleware"]
ROOT_URLCONF = "tests.benchmarks.bare.urls"
