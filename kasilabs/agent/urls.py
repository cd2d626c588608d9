from django.urls import URLPattern, URLResolver, path

from kasilabs.accounts.access import machine
from kasilabs.agent.api import api

_patterns, _app_name, _namespace = api.urls


def _opened(patterns: list[URLResolver | URLPattern]) -> list[URLResolver | URLPattern]:
    """Opens the views of the API to agents, without ninja's own page at its root."""
    views = [pattern for pattern in patterns if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    for view in views:
        view.callback = machine("Agents bring the key of their number.")(view.callback)
    return list(views)


urlpatterns = [path("", (_opened(_patterns), _app_name, _namespace))]
