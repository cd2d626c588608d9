from kasilabs.settings import *  # noqa: F403

# allauth does not start without its own.
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "allauth.account.middleware.AccountMiddleware"]
ROOT_URLCONF = "tests.benchmarks.bare.urls"
