"""Settings of the suite: the project's own, with keys and a data folder that belong to this run alone."""

import os
import tempfile

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="kasilabs-tests-"))
os.environ["DEMO"] = "1"
os.environ["PUBLIC_URL"] = "http://127.0.0.1:8000"
os.environ["ALLOWED_HOSTS"] = "testserver"
os.environ.setdefault("DATABASE_POOL_SIZE", "8")

from kasilabs.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # In a file, as in life: threads that share one database in memory fail where they should wait.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
INSTALLED_APPS += ["tests.jobs.app", "tests.toolkits.app"]
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
