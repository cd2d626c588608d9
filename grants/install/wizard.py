"""The four install steps: which one is next, where each one is, and what the page says about those that are done."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from urllib.parse import urlencode, urlsplit

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grants.install.draft import Draft, load_draft
from installations.installable import require_installable
from installations.models import Installation
from kasilabs.accounts.access import MemberRequest
from kasilabs.accounts.models import Organization
from kasilabs.lib import shown
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
class Choices:
    """What a draft says, in the words of the page."""

    permissions: list[str | Promise]
    numbers: list[str]
    replaced: list[str]
    toolkits: list[str]


@dataclass(frozen=True)
class Conflict:
    """What the page of a person shows, and what was saved from another one since."""

    shown: Choices
    saved: Choices


@dataclass(frozen=True)
class WizardState:
    """How far somebody is: what they install, what they chose so far, and what is installed already.

    `saved` is the draft in the session, and `draft` the one this page is about. A form that is sent brings back the
    draft its page showed, and `known`: the one that was saved then. `is_outdated` says that the page, or what is saved,
    is about another version, so that `draft` begins anew.
    """

    organization: Organization
    version: Version
    installation: Installation | None
    saved: Draft
    draft: Draft
    known: Draft | None
    is_outdated: bool
    is_version_named: bool

    @classmethod
    def load(cls, request: MemberRequest, slug: str) -> "WizardState":
        """Finds what is installed and what is to be installed; only plugins of this organization run in its sandbox.

        To be installed is the version that the URL names, else the newest one; one in quarantine only if there is no
        other. Raises Http404.
        """
        organization = request.organization
        plugin = get_object_or_404(organization.plugins.select_related("owner"), slug=slug)
        installed = organization.installations.not_removed().with_version().select_related("version__plugin")
        versions, semver = plugin.versions.select_related("plugin").newest_first(), request.GET.get("version", "")
        if semver:
            version = versions.filter(semver=semver).first() if semver.isprintable() else None
        else:
            version = versions.not_quarantined().first() or versions.first()
        if version is None:
            raise Http404

        saved = load_draft(request.session, organization, version)
        draft: Draft | None = saved
        known = draft
        if request.method == "POST":
            draft = shown.read(request.POST.get(shown.FIELD, ""), Draft)
            known = shown.read(request.POST.get("known", ""), Draft) or draft
        is_outdated = draft is not None and draft.digest != version.digest
        return cls(
            organization=organization,
            version=version,
            installation=installed.filter(plugin=plugin, mode=Mode.SANDBOX).first(),
            saved=saved,
            draft=Draft(version.digest) if draft is None or is_outdated else draft,
            known=known,
            is_outdated=is_outdated,
            is_version_named=bool(semver),
        )

    def of_installed(self, installation: Installation) -> "WizardState":
        """Returns the wizard of the version that is installed, whichever is to be installed next."""
        return replace(self, version=installation.version, is_version_named=False)

    @property
    def manifest(self) -> Manifest:
        return self.version.manifest

    @property
    def saved_when_complete(self) -> str:
        """The saved draft as a form brings it back, where the plugin could be installed with it."""
        is_complete = self.saved.digest == self.version.digest and None not in (
            self.saved.permissions,
            self.saved.numbers,
        )
        return shown.sign(self.saved) if is_complete else ""

    def conflict(self, draft: Draft) -> Conflict | None:
        """Returns both choices where another page has saved others since the page was shown that chose `draft`."""
        if self.saved in (self.known, draft):
            return None
        return Conflict(self.describe(draft), self.describe(self.saved))

    @property
    def shown(self) -> str:
        """What the form of this page brings back: the draft it shows."""
        return shown.sign(self.draft)

    @property
    def known_when_shown(self) -> str:
        """What the form brings back beside it, where that differs: the draft that is saved."""
        return shown.sign(self.saved) if self.saved != self.draft else ""

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
        """Returns why this version cannot be installed; None where it can, or is."""
        if self.installation is None:
            try:
                require_installable(self.organization, self.version, Mode.SANDBOX)
            except Refused as refused:
                return refused
        elif self.installation.version_id != self.version.pk:
            words = _("Version %(installed)s is installed. Remove it to install version %(version)s.")
            names = {"installed": self.installation.version.semver, "version": self.version.semver}
            return Refused("other_version_installed", words % names)
        return None

    def describe(self, draft: Draft) -> Choices:
        """Returns what a draft says, by the names that people know."""
        labels = {asked.key: asked.label for asked in self.manifest.permissions}
        return Choices(
            permissions=[labels.get(key, key) for key in draft.permissions or ()],
            numbers=[name for number, name in self.number_names.items() if number in (draft.numbers or ())],
            replaced=[name for number, name in self.number_names.items() if number in draft.replaced],
            toolkits=draft.toolkits,
        )

    @cached_property
    def number_names(self) -> dict[str, str]:
        """The names of the organization's numbers, by public id."""
        return {number.public_id: number.name for number in self.organization.instances.order_by("name")}

    @property
    def start_url(self) -> str:
        """The address that leads to the first step that is not done."""
        start = reverse("grants:install", args=[self.organization.slug, self.version.plugin.slug])
        return start + self.version_query

    def url(self, step: Step) -> str:
        if step is Step.TEST:
            return reverse("calls:install_test", args=[self.organization.slug, self.version.plugin.slug])
        page = reverse(f"grants:install_{step.value}", args=[self.organization.slug, self.version.plugin.slug])
        return page + self.version_query

    @property
    def check_url(self) -> str:
        """The address under which each plain field of the configuration is checked, by its name and `version_query`."""
        page = reverse("grants:install_configuration", args=[self.organization.slug, self.version.plugin.slug])
        return f"{page}fields/"

    @property
    def version_query(self) -> str:
        """The query string of every step where the URL names the version."""
        return "?" + urlencode({"version": self.version.semver}) if self.is_version_named else ""

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
            return ", ".join(self.describe(self.draft).numbers) or _("None yet")
        return ""
