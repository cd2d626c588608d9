"""The WSGI entry. It runs the system checks first: a production that is not whole refuses to start."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kasilabs.settings")
_django = get_wsgi_application()

from django.conf import settings  # noqa: E402

from kasilabs.lib import turns, whole_bodies  # noqa: E402  # these modules need the settings
from kasilabs.lib.machine_api import chunked, problems  # noqa: E402
from kasilabs.logs import unwritten  # noqa: E402
from kasilabs.process import system_checks, warm_up, web_server  # noqa: E402

system_checks.require()
warm_up.load()
unwritten.deliver_in_background()


def _most_bytes(path: str) -> int:
    return problems.MAX_BODY_BYTES if problems.is_machine_api(path) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE


_in_turn = turns.in_turn(_django, turns.Turns(settings.WEB_TURNS), without={"/healthz"})
_read_whole = whole_bodies.with_whole_body(_in_turn, most=_most_bytes)
application = web_server.close_after_413(chunked.with_content_length(_read_whole))
