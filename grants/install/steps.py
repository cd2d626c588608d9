"""The four install steps: which is open, where each one is, and what the rail says about those that are done."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grants.install import draft as drafts
from grants.install.draft import Draft, Session
from installations.installable import require_installable
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from plugins.manifest.document import Manifest
from plugins.models import Plugin, Version


class Step(StrEnum):
    """One step; the value ends the name of its route."""

    PERMISSIONS = "permissions"
    NUMBERS = "numbers"
    CONFIGURATION = "configuration"
    TEST = "test"


LABELS: dict[Step, str | Promise] = {
    Step.PERMISSIONS: gettext_lazy("Permissions"),
    Step.NUMBERS: gettext_lazy("Numbers"),
    Step.CONFIGURATION: gettext_lazy("Configuration"),
    Step.TEST: gettext_lazy("Test call"),
}


@dataclass(frozen=True)
class Mark:
    """One step on the rail."""

    label: str | Promise
    note: str
    url: str
    is_done: bool
    is_current: bool


@dataclass(frozen=True)
class Visit:
    """Somebody at one of the steps: what they install, what they chose so far, and what is installed already."""

    organization: Organization
    version: Version
    draft: Draft
    installation: Installation | None

    @property
    def manifest(self) -> Manifest:
        return self.version.manifest

    @property
    def open_step(self) -> Step:
        """The first step that is not done."""
        if self.installation is not None:
            return Step.TEST
        if self.draft.permissions is None:
            return Step.PERMISSIONS
        return Step.NUMBERS if self.draft.numbers is None else Step.CONFIGURATION

    def may_visit(self, step: Step) -> bool:
        """Say whether a step can be opened: done ones can, until the third one has installed."""
        steps = list(Step)
        if self.installation is not None:
            return step is Step.TEST
        return steps.index(step) <= steps.index(self.open_step)

    def url(self, step: Step) -> str:
        app = "calls" if step is Step.TEST else "grants"
        return reverse(f"{app}:install_{step.value}", args=[self.organization.slug, self.version.plugin.slug])

    @property
    def check_url(self) -> str:
        """The address under which each plain field of the configuration is checked by its name."""
        return self.url(Step.CONFIGURATION) + "fields/"

    def refusal(self) -> Refused | None:
        """Return why this plugin cannot be installed; None where it can, or is."""
        try:
            if self.installation is None:
                require_installable(self.organization, self.version, Mode.SANDBOX)
        except Refused as refused:
            return refused
        return None

    def rail(self, current: Step, note: str = "") -> list[Mark]:
        """Return the steps as the rail shows them; `note` is for the current one, in place of its own."""
        steps = list(Step)
        opened = steps.index(self.open_step)
        return [
            Mark(
                label=LABELS[step],
                note=note if note and step is current else self._note(step),
                url=self._link(step),
                is_done=place < opened,
                is_current=step is current,
            )
            for place, step in enumerate(steps)
        ]

    def _link(self, step: Step) -> str:
        """Return where a step that is done can be looked at again; what is installed is changed on its own pages."""
        if self.installation is None:
            return self.url(step)
        routes = {Step.NUMBERS: "grants:installation_access", Step.CONFIGURATION: "installations:detail"}
        if step in routes:
            return reverse(routes[step], args=[self.organization.slug, self.installation.public_id])
        return f"{reverse('grants:matrix', args=[self.organization.slug])}?plugin={self.version.plugin.slug}"

    def _note(self, step: Step) -> str:
        if step is Step.TEST:
            return _("A real call to %(host)s") % {"host": urlsplit(self.manifest.base_url).hostname}
        if self.installation is not None:
            return ""
        if step is Step.PERMISSIONS and self.draft.permissions is not None:
            allowed, asked = len(self.draft.permissions), len(self.manifest.permissions)
            return _("%(allowed)d allowed, %(left)d left out") % {"allowed": allowed, "left": asked - allowed}
        if step is Step.NUMBERS and self.draft.numbers is not None:
            return ", ".join(self._number_names(self.draft.numbers)) or _("None yet")
        return ""

    def _number_names(self, public_ids: list[str]) -> list[str]:
        return [number.name for number in self.organization.instances.all() if number.public_id in public_ids]


def begin(organization: Organization, slug: str, session: Session) -> Visit:
    """Find what is installed or to be installed; only plugins of this organization run in its sandbox.

    Raises Http404.
    """
    plugin = get_object_or_404(organization.plugins.select_related("owner"), slug=slug)
    present = organization.installations.not_removed().select_related("plugin", "version__plugin")
    installation: Installation | None = present.filter(plugin=plugin, mode=Mode.SANDBOX).first()
    version = installation.version if installation else _newest(plugin)
    return Visit(organization, version, drafts.read(session, organization, version), installation)


def _newest(plugin: Plugin) -> Version:
    """Return the newest version that is not in quarantine, else the newest."""
    rows = plugin.versions.select_related("plugin").newest_first()
    found: Version | None = rows.exclude(state=Version.State.QUARANTINED).first() or rows.first()
    if found is None:
        raise Http404
    return found
