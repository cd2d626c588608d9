"""The registry: a manifest comes in and stands for ever as a version, or nothing changes and every fault is named.

The database decides who is first where two publish at once: a slug belongs to one organization, a version number to one
manifest.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from kasilabs.accounts import audit
from kasilabs.accounts.models import Organization, User
from kasilabs.lib.documents.errors import ErrorList
from kasilabs.lib.http.client import AllowedHosts
from plugins.manifest import document as manifests
from plugins.manifest.checks.errors import BadManifest
from plugins.manifest.document import Manifest
from plugins.models import Plugin, Version


@dataclass(frozen=True)
class Published:
    """The snapshot a manifest now has; `is_new` is False where the same one was there already."""

    version: Version
    is_new: bool


def read(raw: bytes) -> Manifest:
    """Check a manifest under this platform's rules for hosts. Raises BadManifest with every error."""
    return manifests.parse(raw, is_allowed_host=AllowedHosts.parse(settings.PLUGIN_HOSTS_ALLOWED).permits)


def publish(*, organization: Organization, actor: audit.Actor, raw: bytes, user: User | None = None) -> Published:
    """Keep a manifest as a version of the organization's plugin; the same manifest again changes nothing.

    Raises BadManifest: for what is wrong in it, for a slug that is taken, for a version number with other contents.
    """
    manifest = read(raw)
    with audit.act(actor=actor, action="version.added", organization=organization) as act:
        plugin = _plugin(manifest, organization, raw)
        published = _version(plugin, manifest, user, raw)
        act.on(plugin.public_id, plugin.slug)
        act.change(after={"version": manifest.version, "digest": manifest.digest})
        if not published.is_new:
            act.nothing()
    return published


def _plugin(manifest: Manifest, organization: Organization, raw: bytes) -> Plugin:
    Plugin.objects.bulk_create([Plugin(slug=manifest.slug, owner=organization)], ignore_conflicts=True)
    plugin = Plugin.objects.select_related("owner").get(slug=manifest.slug)
    if plugin.owner != organization:
        hint = _("A slug belongs to one organization for ever. Choose another one.")
        raise _refused(raw, "/slug", "duplicate", _("Another organization has this slug."), hint)
    return plugin


def _version(plugin: Plugin, manifest: Manifest, user: User | None, raw: bytes) -> Published:
    candidate = Version(
        plugin=plugin,
        semver=manifest.version,
        document=manifest.document,
        digest=manifest.digest,
        name=manifest.name,
        created_by=user,
    )
    Version.objects.bulk_create([candidate], ignore_conflicts=True)
    version = Version.objects.select_related("plugin").get(plugin=plugin, semver=manifest.version)
    if version.digest != manifest.digest:
        raise _version_exists(plugin, manifest, raw)
    return Published(version, is_new=version.pk == candidate.pk)


def _version_exists(plugin: Plugin, manifest: Manifest, raw: bytes) -> BadManifest:
    taken = set(plugin.versions.values_list("semver", flat=True))
    free = next_free(manifest.version, taken)
    hint = _("The next free one is %(free)s.") % {"free": free}
    if "-" not in free:
        hint = _("The next free one is %(free)s; while you try things, use %(dev)s.") % {
            "free": free,
            "dev": next_free(f"{free}-dev.0", taken),
        }
    message = _("Version %(version)s exists with other contents, and a version never changes.")
    return _refused(raw, "/version", "version_exists", message % {"version": manifest.version}, hint)


def next_free(version: str, taken: Collection[str]) -> str:
    """Return the next version number that is free: 1.4.3 after 1.4.2, 1.1.0-dev.4 after 1.1.0-dev.3 (semver 2.0)."""
    stem, _dot, last = version.rpartition(".")
    number = int(last) if last.isdecimal() else 0
    stem = stem if last.isdecimal() else version
    while f"{stem}.{(number := number + 1)}" in taken:
        pass
    return f"{stem}.{number}"


def _refused(raw: bytes, pointer: str, code: str, message: str, hint: str) -> BadManifest:
    errors = ErrorList()
    errors.add(pointer, code, message, hint)
    return BadManifest(errors.located_in(raw.decode()))
