"""Who carries out what the platform may not do itself: moves money, sends messages. One module a provider."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.toolkits.providers.base import Provider

_providers: dict[str, Provider[Any]] = {}


def register(provider: Provider[Any]) -> None:
    """Adds a provider; apps call this in AppConfig.ready(). Raises ValueError for a second one of the same name."""
    if provider.name in _providers:
        raise ValueError(f"{provider.name} is registered already")
    _providers[provider.name] = provider


def get(name: str) -> Provider[Any]:
    """Returns the provider an effect was given to. Raises LookupError."""
    return _providers[name]


def for_payment(organization: Organization, mode: Mode, method: str) -> Provider[Any]:
    """Returns who collects a payment. Raises Refused (`provider_not_configured`).

    In the sandbox the ledger settles every method. Live, only a method that was named may take somebody's money.
    """
    for provider in _providers.values():
        if mode in provider.capabilities.modes and (mode == Mode.SANDBOX or provider.name == method):
            provider.account(organization)
            return provider
    raise Refused("provider_not_configured", _("This organization has no provider for this way of paying."))
