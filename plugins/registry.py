"""The registry: a manifest comes in and stands for ever as a version, or nothing changes and every error is named.

The database decides who is first where two add at once: a slug belongs to one organization, a version number to one
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
class AddedVersion:
    """The version of a manifest; `is_new` is False where it was there already."""

    version: Version
    is_new: bool


def parse_manifest(raw: bytes) -> Manifest:
    """Returns a manifest checked under this platform's rules for hosts. Raises BadManifest with every error."""
    return manifests.parse(raw, is_allowed_host=AllowedHosts.parse(settings.PLUGIN_HOSTS_ALLOWED).permits)


def add_version(
    *, organization: Organization, actor: audit.Actor, raw: bytes, user: User | None = None
) -> AddedVersion:
    """Keeps a manifest as a version of the organization's plugin; the same manifest again changes nothing.

    Raises BadManifest: for what is wrong in it, for a slug that is taken, for a version number with other contents.
    """
    manifest = parse_manifest(raw)
    with audit.act(actor=actor, action="version.added", organization=organization) as act:
        plugin, _is_new = Plugin.objects.get_or_create(slug=manifest.slug, defaults={"owner": organization})
        if not plugin.is_owned_by(organization):
            hint = _("A slug belongs to one organization for ever. Choose another one.")
            raise _bad_manifest(raw, "/slug", "duplicate", _("Another organization has this slug."), hint)
        version, is_new = plugin.versions.get_or_create(
            semver=manifest.version,
            defaults={
                "document": manifest.document,
                "digest": manifest.digest,
                "name": manifest.name,
                "created_by": user,
            },
        )
        if version.digest != manifest.digest:
            raise _version_exists(raw, plugin, manifest.version)
        act.on(plugin.public_id, plugin.slug)
        act.change(after={"version": manifest.version, "digest": manifest.digest})
        if not is_new:
            act.nothing()
    return AddedVersion(version, is_new)


def next_free(version: str, taken: Collection[str]) -> str:
    """Returns the next version number that is free: 1.4.3 after 1.4.2, 1.1.0-dev.4 after 1.1.0-dev.3 (semver 2.0)."""
    stem, _dot, last = version.rpartition(".")
    number = int(last) if last.isdecimal() else 0
    stem = stem if last.isdecimal() else version
    while f"{stem}.{(number := number + 1)}" in taken:
        pass
    return f"{stem}.{number}"


def _version_exists(raw: bytes, plugin: Plugin, version: str) -> BadManifest:
    taken = set(plugin.versions.values_list("semver", flat=True))
    free = next_free(version, taken)
    hint = _("The next free one is %(free)s.") % {"free": free}
    if "-" not in free:
        hint = _("The next free one is %(free)s; while you try things, use %(dev)s.") % {
            "free": free,
            "dev": next_free(f"{free}-dev.0", taken),
        }
    message = _("Version %(version)s exists with other contents, and a version never changes.") % {"version": version}
    return _bad_manifest(raw, "/version", "version_exists", message, hint)


def _bad_manifest(raw: bytes, pointer: str, code: str, message: str, hint: str) -> BadManifest:
    errors = ErrorList()
    errors.add(pointer, code, message, hint)
    return BadManifest(errors.located_in(raw.decode()))
