"""The four install steps: which one is next, where each one is, and what the page says about those that are done."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grants.install.draft import Draft, Session, load_draft
from installations.installable import require_installable
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from plugins.manifest.document import Manifest
from plugins.models import Version


class Step(StrEnum):
    """One step; the value ends the name of its route."""

    PERMISSIONS = "permissions"
    NUMBERS = "numbers"
    CONFIGURATION = "configuration"
    TEST = "test"


STEPS = list(Step)

LABELS: dict[Step, str | Promise] = {
    Step.PERMISSIONS: gettext_lazy("Permissions"),
    Step.NUMBERS: gettext_lazy("Numbers"),
    Step.CONFIGURATION: gettext_lazy("Configuration"),
    Step.TEST: gettext_lazy("Test call"),
}


@dataclass(frozen=True)
class StepLink:
    """One step in the list of steps beside the page."""

    label: str | Promise
    note: str
    url: str
    is_done: bool
    is_current: bool


@dataclass(frozen=True)
class WizardState:
    """How far somebody is: what they install, what they chose so far, and what is installed already."""

    organization: Organization
    version: Version
    draft: Draft
    installation: Installation | None

    @classmethod
    def load(cls, organization: Organization, slug: str, session: Session) -> "WizardState":
        """Finds what is installed or to be installed; only plugins of this organization run in its sandbox.

        To be installed is the newest version, one in quarantine only if there is no other. Raises Http404.
        """
        plugin = get_object_or_404(organization.plugins.select_related("owner"), slug=slug)
        installed = organization.installations.not_removed().with_version().select_related("version__plugin")
        installation = installed.filter(plugin=plugin, mode=Mode.SANDBOX).first()
        if installation is not None:
            version = installation.version
        else:
            versions = plugin.versions.select_related("plugin").newest_first()
            newest = versions.not_quarantined().first() or versions.first()
            if newest is None:
                raise Http404
            version = newest
        return cls(organization, version, load_draft(session, organization, version), installation)

    @property
    def manifest(self) -> Manifest:
        return self.version.manifest

    @property
    def ticked_permissions(self) -> list[str]:
        """The permissions somebody chose, or those that are ticked at first."""
        chosen = self.draft.permissions
        return self.manifest.default_permissions if chosen is None else chosen

    @property
    def next_step(self) -> Step:
        """The first step that is not done."""
        if self.installation is not None:
            return Step.TEST
        if self.draft.permissions is None:
            return Step.PERMISSIONS
        return Step.NUMBERS if self.draft.numbers is None else Step.CONFIGURATION

    def may_open(self, step: Step) -> bool:
        """Says whether a step can be opened: done ones can, until the third one has installed."""
        if self.installation is not None:
            return step is Step.TEST
        return STEPS.index(step) <= STEPS.index(self.next_step)

    def refusal(self) -> Refused | None:
        """Returns why this plugin cannot be installed; None where it can, or is."""
        try:
            if self.installation is None:
                require_installable(self.organization, self.version, Mode.SANDBOX)
        except Refused as refused:
            return refused
        return None

    def url(self, step: Step) -> str:
        app = "calls" if step is Step.TEST else "grants"
        return reverse(f"{app}:install_{step.value}", args=[self.organization.slug, self.version.plugin.slug])

    @property
    def check_url(self) -> str:
        """The address under which each plain field of the configuration is checked by its name."""
        return self.url(Step.CONFIGURATION) + "fields/"

    def step_links(self, current: Step, note: str = "") -> list[StepLink]:
        """Returns all steps, to be listed beside the page; `note` is for the current one, in place of its own."""
        return [
            StepLink(
                label=LABELS[step],
                note=note if note and step is current else self._note(step),
                url=self._review_url(step),
                is_done=STEPS.index(step) < STEPS.index(self.next_step),
                is_current=step is current,
            )
            for step in STEPS
        ]

    def _review_url(self, step: Step) -> str:
        """Returns where a step that is done can be looked at again; what is installed is changed on its own pages."""
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
            chosen = [each.name for each in self.organization.instances.all() if each.public_id in self.draft.numbers]
            return ", ".join(chosen) or _("None yet")
        return ""
