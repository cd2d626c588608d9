from django.urls import URLPattern, URLResolver, path

from kasilabs.accounts.access import machine
from kasilabs.agent.api import api

_patterns, _app_name, _namespace = api.urls


def _opened(patterns: list[URLResolver | URLPattern]) -> list[URLResolver | URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = machine("Agents bring the key of their number.")(pattern.callback)
    return patterns


urlpatterns = [path("", (_opened(_patterns), _app_name, _namespace))]
