from kasilabs.settings import (
    ALLOWED_HOSTS,
    AUTH_USER_MODEL,
    DATABASES,
    DEFAULT_AUTO_FIELD,
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
    "PLUGIN_CA_FILE",
    "PLUGIN_HOSTS_ALLOWED",
    "SECRET_KEY",
    "USE_TZ",
    "WEB_THREADS",
]

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "kasilabs.accounts", "kasilabs.logs"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "tests.benchmarks.bare.urls"
