"""Settings of the workers a browser talks to: those of the suite, with static files served as in production."""

from tests.settings import *  # noqa: F403

STORAGES["staticfiles"] = {  # noqa: F405
    "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
}
