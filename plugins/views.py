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
from plugins import lists, registry, signing_secrets
from plugins.forms import ManifestForm
from plugins.manifest import checklist, excerpt
from plugins.manifest import document as manifests
from plugins.manifest.checks.errors import BadManifest
from plugins.models import Plugin, Version


@require_safe
@member_required(Permission.PLUGINS_VIEW)
def index(request: MemberRequest) -> HttpResponse:
    """List the plugins this organization owns."""
    rows = lists.plugins(request.organization)
    page = pagination.page_or_404(request, rows, {"organization": request.organization.id.hex})
    return render(request, "plugins/list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.PLUGINS_DEVELOP)
def new(request: MemberRequest) -> HttpResponseBase:
    """Take a manifest in; what is wrong with it is shown beside its lines, and what was pasted stays."""
    if request.method != "POST":
        return render(request, "plugins/new.html", {"form": ManifestForm()})
    form = ManifestForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "plugins/new.html", {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    raw = form.raw()
    try:
        published = registry.publish(
            organization=request.organization, actor=actor(request), raw=raw, user=request.user
        )
    except BadManifest as error:
        form.drop_what_is_too_long()
        context = {"form": form, "excerpt": excerpt.around(raw, error.errors)}
        return render(request, "plugins/new.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _lead_to(request, published)


def _lead_to(request: MemberRequest, published: registry.Published) -> HttpResponse:
    version = published.version
    slug, semver = version.plugin.slug, version.semver
    told = (
        _("%(slug)s %(version)s added") if published.is_new else _("%(slug)s %(version)s was there already, unchanged")
    )
    messages.success(request, told % {"slug": slug, "version": semver})
    return redirect("plugins:version", request.organization.slug, slug, semver)


@require_safe
@member_required(Permission.PLUGINS_VIEW)
def detail(request: MemberRequest, slug: str) -> HttpResponse:
    """Show one plugin: its versions, and which of its signing secrets have been seen."""
    plugin = _plugin(request, slug)
    secrets = signing_secrets.live(plugin, Mode.SANDBOX) if request.member.may(Permission.PLUGINS_DEVELOP) else []
    context = {
        "plugin": plugin,
        "page": pagination.page_or_404(request, lists.versions(plugin), {"plugin": plugin.id.hex}),
        "newest": plugin.versions.newest_first().first(),
        "secrets": secrets,
        "has_unseen": any(secret.shown is None for secret in secrets),
    }
    return render(request, "plugins/detail.html", context)


@require_POST
@never_cache
@member_required(Permission.PLUGINS_DEVELOP)
def show_secrets(request: MemberRequest, slug: str) -> HttpResponse:
    """Show the sandbox secrets nobody has seen yet, in this answer and never again."""
    plugin = _plugin(request, slug)
    context: dict[str, object] = {"plugin": plugin}
    try:
        context["shown"] = signing_secrets.show_once(plugin=plugin, mode=Mode.SANDBOX, actor=actor(request))
    except CannotOpen:
        context["is_unreadable"] = True
    return render(request, "plugins/secrets.html", context)


@require_safe
@member_required(Permission.PLUGINS_VIEW)
def version(request: MemberRequest, slug: str, semver: str) -> HttpResponse:
    """Show one snapshot: everything in it, and the design checklist computed from it."""
    found = _version(request, slug, semver)
    manifest = found.manifest
    context = {
        "version": found,
        "plugin": found.plugin,
        "manifest": manifest,
        "tools": [(tool, manifests.agent_name(manifest.slug, tool.name)) for tool in manifest.tools],
        "checklist": checklist.judge(manifest),
        "fields": schema_text.describe(manifest.configuration),
        "canonical": json.loads(canonical_json.dumps(manifest.document)),
    }
    return render(request, "plugins/version.html", context)


@require_safe
@member_required(Permission.PLUGINS_VIEW)
def download(request: MemberRequest, slug: str, semver: str) -> HttpResponse:
    """Give the snapshot as the bytes its digest is computed over (RFC 8785)."""
    found = _version(request, slug, semver)
    headers = {"Content-Disposition": f'attachment; filename="{found.plugin.slug}-{found.semver}.json"'}
    return HttpResponse(canonical_json.dumps(found.document), content_type="application/json", headers=headers)


def _plugin(request: MemberRequest, slug: str) -> Plugin:
    return get_object_or_404(request.organization.plugins.select_related("owner"), slug=slug)


def _version(request: MemberRequest, slug: str, semver: str) -> Version:
    if not semver.isprintable():
        raise Http404
    own = Version.objects.filter(plugin__owner=request.organization).select_related("plugin", "created_by")
    return get_object_or_404(own, plugin__slug=slug, semver=semver)
