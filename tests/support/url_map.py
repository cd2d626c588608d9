"""The URL map as a list, read from Django itself: what is added to it appears in every test over it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern

from kasilabs.accounts.access import Policy

SAMPLES: dict[str, Any] = {"uuid": UUID(int=1), "int": 1, "slug": "x", "str": "x", "path": "x"}


@dataclass(frozen=True)
class Route:
    """One view in the map; `parameters` are the names in its path with the converter of each."""

    name: str
    path: str
    view: Callable[..., Any]
    parameters: dict[str, str]

    @property
    def policy(self) -> Policy | None:
        return getattr(self.view, "policy", None)

    def url(self, **known: Any) -> str:
        """Return its address; a parameter that is not given gets a sample of its kind."""
        values = {name: known.get(name, SAMPLES.get(kind, "x")) for name, kind in self.parameters.items()}
        return reverse(self.name, kwargs=values)

    def methods(self, client: Client, url: str) -> list[str]:
        """Ask the view which methods it takes, by one it cannot take."""
        answer = client.generic("PROPFIND", url)
        assert answer.status_code == 405, (self.name, answer.status_code)
        return [method for method in answer["Allow"].split(", ") if method not in {"OPTIONS", "HEAD"}]

    def __str__(self) -> str:
        return self.name


def routes() -> list[Route]:
    """Return every view there is."""
    return list(_walk(get_resolver().url_patterns, "", "", {}))


def _walk(
    patterns: list[URLPattern | URLResolver], path: str, namespace: str, parameters: dict[str, str]
) -> Iterator[Route]:
    for each in patterns:
        here, named = path + str(each.pattern), parameters | _parameters(each)
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, here, _join(namespace, each.namespace), named)
        else:
            yield Route(_join(namespace, each.name), here, each.callback, named)


def _parameters(each: URLPattern | URLResolver) -> dict[str, str]:
    if isinstance(each.pattern, RoutePattern):
        kinds = {name: type(converter).__name__ for name, converter in each.pattern.converters.items()}
        return {name: kind.removesuffix("Converter").lower().replace("string", "str") for name, kind in kinds.items()}
    return dict.fromkeys(each.pattern.regex.groupindex, "str")


def _join(namespace: str, name: str | None) -> str:
    return ":".join(part for part in (namespace, name) if part)
