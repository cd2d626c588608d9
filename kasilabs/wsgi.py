"""The WSGI entry. It runs the system checks first: a production that is not whole refuses to start."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kasilabs.settings")
_django = get_wsgi_application()

from django.conf import settings  # noqa: E402

from kasilabs.lib import turns  # noqa: E402  # these modules need the settings
from kasilabs.lib.machine_api import chunked  # noqa: E402
from kasilabs.logs import unwritten  # noqa: E402
from kasilabs.process import system_checks, warm_up  # noqa: E402

system_checks.require()
warm_up.load()
unwritten.deliver_in_background()
application = chunked.with_content_length(turns.in_turn(_django, turns.Turns(settings.WEB_TURNS), without={"/healthz"}))
