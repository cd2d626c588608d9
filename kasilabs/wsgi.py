"""The WSGI entry. It runs the system checks first: a production that is not whole refuses to start."""

import os

from django.core import checks
from django.core.management.base import SystemCheckError
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kasilabs.settings")
_django = get_wsgi_application()

_serious = [message for message in checks.run_checks(tags=["kasilabs"]) if message.is_serious()]
if _serious:
    raise SystemCheckError("\n".join(str(message) for message in _serious))

from kasilabs.lib.machine_api import chunked  # noqa: E402
from kasilabs.process import warm_up  # noqa: E402  # its modules need the settings

warm_up.load()
application = chunked.with_content_length(_django)
