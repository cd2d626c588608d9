"""What a merchant is promised about a plugin, computed from its manifest: no page says a sentence of its own."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plugins.manifest.document import Manifest
from plugins.manifest.personal_data import PersonalData

_WORDS: dict[PersonalData, str | Promise] = {
    PersonalData.PHONE: _("the customer's phone number"),
    PersonalData.EMAIL: _("an email address"),
    PersonalData.NAME: _("a person's name"),
    PersonalData.ADDRESS: _("an address"),
    PersonalData.ID: _("an identity number"),
    PersonalData.LOCATION: _("a location"),
}


@dataclass(frozen=True)
class Disclosure:
    """Personal data that the agent may tell a plugin, and the names of the tools that take it."""

    words: str | Promise
    tools: list[str]


@dataclass(frozen=True)
class Promises:
    """What a plugin is told of customers beside their alias."""

    told: list[Disclosure]
    is_told_phone: bool


def promises(manifest: Manifest) -> Promises:
    """Returns what holds for the plugin of a manifest, from the marks in the input schemas of its tools."""
    takers = {
        kind: [tool.name for tool in manifest.offered_tools if kind in tool.personal_data] for kind in PersonalData
    }
    told = [Disclosure(_WORDS[kind], tools) for kind, tools in takers.items() if tools]
    return Promises(told, is_told_phone=bool(takers[PersonalData.PHONE]))
