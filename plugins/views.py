"""The developer area: the organization's own plugins, their versions, and how a new one comes in."""

import json
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.configuration import schema_text
from kasilabs.lib import pagination
from kasilabs.lib.crypto.fields import CannotOpen
from kasilabs.lib.documents import canonical_json
from kasilabs.lib.states import Mode
from kasilabs.logs import search
from plugins import registry, signing_secrets
from plugins.forms import ManifestForm
from plugins.manifest import checklist, excerpt
from plugins.manifest.checks.errors import BadManifest
from plugins.manifest.document import agent_name
from plugins.models import Plugin, Version


@require_safe
@member_required(Permission.PLUGINS_VIEW)
def list_plugins(request: MemberRequest) -> HttpResponse:
    """Lists the plugins this organization owns."""
    plugins = request.organization.plugins.with_newest_version().with_has_sandbox()
    page = pagination.page_or_404(request, plugins, {"organization": request.organization.id.hex})
    return render(request, "plugins/list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.PLUGINS_DEVELOP)
def new(request: MemberRequest) -> HttpResponseBase:
    """Takes a manifest in; what is wrong with it is shown beside its lines, and what was pasted stays."""
    if request.method != "POST":
        return render(request, "plugins/new.html", {"form": ManifestForm()})
    form = ManifestForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "plugins/new.html", {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    organization, raw = request.organization, form.raw()
    try:
        added = registry.add_version(organization=organization, actor=actor(request), raw=raw, user=request.user)
    except BadManifest as error:
        form.drop_long_text()
        context = {"form": form, "excerpt": excerpt.around(raw, error.errors)}
        return render(request, "plugins/new.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    slug, semver = added.version.plugin.slug, added.version.semver
    if added.is_new:
        message = _("%(slug)s %(version)s added")
    else:
        message = _("%(slug)s %(version)s was there already, unchanged")
    messages.success(request, message % {"slug": slug, "version": semver})
    return redirect("plugins:version", organization.slug, slug, semver)


@require_safe
@member_required(Permission.PLUGINS_VIEW)
def detail(request: MemberRequest, slug: str) -> HttpResponse:
    """Shows one plugin: its versions, and which of its signing secrets have been seen."""
    plugin = _plugin_or_404(request, slug)
    may_see_secrets = request.member.may(Permission.PLUGINS_DEVELOP)
    secrets = plugin.signing_secrets.live().filter(mode=Mode.SANDBOX).order_by("-id") if may_see_secrets else []
    versions = plugin.versions.select_related("created_by").without_document()
    context = {
        "plugin": plugin,
        "page": pagination.page_or_404(request, versions, {"plugin": plugin.id.hex}),
        "newest": plugin.versions.newest_first().first(),
        "secrets": secrets,
        "has_unseen": any(secret.shown is None for secret in secrets),
    }
    return render(request, "plugins/detail.html", context)


@require_POST
@never_cache
@member_required(Permission.PLUGINS_DEVELOP)
def show_secrets(request: MemberRequest, slug: str) -> HttpResponse:
    """Shows the sandbox secrets nobody has seen yet, in this answer and never again."""
    plugin = _plugin_or_404(request, slug)
    context: dict[str, object] = {"plugin": plugin}
    try:
        context["shown"] = signing_secrets.show_once(plugin=plugin, mode=Mode.SANDBOX, actor=actor(request))
    except CannotOpen:
        context["is_unreadable"] = True
    return render(request, "plugins/secrets.html", context)


@require_safe
@member_required(Permission.PLUGINS_VIEW)
def version(request: MemberRequest, slug: str, semver: str) -> HttpResponse:
    """Shows one version: everything in its manifest, and the design checklist computed from it."""
    found = _version_or_404(request, slug, semver)
    manifest = found.manifest
    context = {
        "version": found,
        "plugin": found.plugin,
        "manifest": manifest,
        "tools": [(tool, agent_name(manifest.slug, tool.name)) for tool in manifest.tools],
        "checklist": checklist.judge(
            manifest, long_tools=search.long_tools(request.organization, manifest.slug, found.semver)
        ),
        "fields": schema_text.describe(manifest.configuration),
        "canonical": json.loads(canonical_json.dumps(manifest.document)),
    }
    return render(request, "plugins/version.html", context)


@require_safe
@member_required(Permission.PLUGINS_VIEW)
def download(request: MemberRequest, slug: str, semver: str) -> HttpResponse:
    """Answers with the manifest as the bytes its digest is computed over (RFC 8785)."""
    found = _version_or_404(request, slug, semver)
    headers = {"Content-Disposition": f'attachment; filename="{found.plugin.slug}-{found.semver}.json"'}
    return HttpResponse(canonical_json.dumps(found.document), content_type="application/json", headers=headers)


def _plugin_or_404(request: MemberRequest, slug: str) -> Plugin:
    return get_object_or_404(request.organization.plugins.select_related("owner"), slug=slug)


def _version_or_404(request: MemberRequest, slug: str, semver: str) -> Version:
    if not semver.isprintable():
        raise Http404
    own = Version.objects.filter(plugin__owner=request.organization).select_related("plugin", "created_by")
    return get_object_or_404(own, plugin__slug=slug, semver=semver)
