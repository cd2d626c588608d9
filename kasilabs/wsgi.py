"""The WSGI entry. It runs the system checks first: a production that is not whole refuses to start."""

import os
import sys

from django.core import checks
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kasilabs.settings")
_django = get_wsgi_application()

APP_LOAD_ERROR = 4
"""The exit code with which a worker tells gunicorn that starting another one would be in vain."""

_serious = [message for message in checks.run_checks(tags=["kasilabs"]) if message.is_serious()]
if _serious:
    print(*_serious, sep="\n", file=sys.stderr)  # noqa: T201  # The process log is not there yet.
    sys.exit(APP_LOAD_ERROR)

from kasilabs.lib.machine_api import chunked  # noqa: E402
from kasilabs.process import warm_up  # noqa: E402  # its modules need the settings

warm_up.load()
application = chunked.with_content_length(_django)
