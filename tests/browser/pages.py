"""Every page there is, as a list: what is opened, by whom, and what is done on it before it is looked at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve, reverse

from kasilabs.whatsapp.models import AgentKey
from tests.browser import stage as stages
from tests.browser.stage import Stage
from tests.browser.visitor import Visitor
from tests.support import factories

NOT_PAGES = {
    *("home", "account_confirm_login_code", "account_set_password", "mfa_authenticate", "mfa_deactivate_totp"),
    *("mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_reauthenticate"),
    *("whatsapp:suspend", "whatsapp:resume", "whatsapp:rotate_key", "installations:suspend", "installations:resume"),
    *("installations:check_field", "grants:install", "grants:install_check_field", "grants:install_toolkit"),
    *("grants:set_cell", "grants:grant_toolkit", "grants:revoke_toolkit", "accounts:change_role"),
    *("plugins:download", "agent:tools", "agent:calls", "agent:api-root", "manifest_schema", "healthz", "readyz"),
    "demo_sign_in",
}
"""Routes that lead on, take a POST only, answer machines, or need a second factor that is set up."""

Act = Callable[[Visitor], None]


@dataclass(frozen=True)
class Place:
    """A page as one person sees it; `role` is a name in the cast, empty for nobody signed in."""

    name: str
    path: str
    role: str = "owner"
    act: Act | None = None
    status: int = 200

    def show(self, visitor: Visitor) -> None:
        """Open it and do what leads to the state it is about."""
        visitor.expected = {self.status} if self.status >= 400 else set()
        visitor.open(self.path)
        if self.act:
            self.act(visitor)
        visitor.settle()

    @property
    def route(self) -> str:
        return route(self.path)


def route(url: str) -> str:
    """Return the name of the view that answers at a URL, empty for none."""
    try:
        return resolve(urlsplit(url).path).view_name
    except Resolver404:
        return ""


def tour(stage: Stage, visit: Callable[..., Visitor], **options: Any) -> Iterator[tuple[Place, Visitor]]:
    """Show every page, one window for each person; who leaves a value shown once behind, says yes to leaving."""
    windows: dict[str, Visitor] = {}
    for place in all_of(stage):
        if place.role not in windows:
            windows[place.role] = visit(getattr(stage.cast, place.role) if place.role else None, **options)
            windows[place.role].page.on("dialog", lambda dialog: dialog.accept())
        place.show(windows[place.role])
        yield place, windows[place.role]


def all_of(stage: Stage) -> list[Place]:
    """Return them in an order in which each finds what it is about."""
    inside = (_numbers, _developer, _installing, _granting, _logs, _people)
    return [*_outside(), *_own_account(), *(place for part in inside for place in part(stage))]


def _outside() -> Iterator[Place]:
    for name in ("account_login", "account_reset_password", "account_reset_password_done", "account_signup"):
        yield Place(name, reverse(name), role="")
    yield Place("sign-in refused", reverse("account_login"), role="", act=_sign_in_wrongly)
    yield Place("inactive", reverse("account_inactive"), role="")
    yield Place("link sent", reverse("account_email_verification_sent"), role="")
    yield Place("bad link", reverse("account_confirm_email", args=["no-such-key"]), role="")
    yield Place("bad reset", reverse("account_reset_password_from_key", args=["x", "no-key"]), role="")
    yield Place("password set", reverse("account_reset_password_from_key_done"), role="")
    yield Place("404 outside", "/nothing/here/", role="", status=404)
    yield Place("405", reverse("demo_sign_in"), role="", status=405)


def _own_account() -> Iterator[Place]:
    for name in ("account_email", "account_change_password", "mfa_index"):
        yield Place(name, reverse(name))
    yield Place("second factor", reverse("mfa_activate_totp"), act=_show_who_it_is)
    yield Place("sign in again", reverse("account_reauthenticate"))
    yield Place("sign out", reverse("account_logout"))
    yield Place("no organization", "/", role="reviewer")
    yield Place("components", reverse("components"))


def _numbers(stage: Stage) -> Iterator[Place]:
    org = stage.cast.organization.slug
    key = AgentKey.objects.filter(instance=stage.closed).latest("created")
    yield Place("overview", reverse("overview", args=[org]))
    yield Place("overview of a viewer", reverse("overview", args=[org]), role="viewer")
    yield Place("overview of nothing", reverse("overview", args=[stage.cast.rival.slug]), role="stranger")
    yield Place("numbers", reverse("whatsapp:list", args=[org]))
    yield Place("no numbers", reverse("whatsapp:list", args=[stage.cast.rival.slug]), role="stranger")
    yield Place("add number", reverse("whatsapp:add", args=[org]))
    yield Place("add number refused", reverse("whatsapp:add", args=[org]), act=press("Add number"), status=422)
    yield Place("number", reverse("whatsapp:detail", args=[org, stage.legal.public_id]))
    yield Place("number suspended", reverse("whatsapp:detail", args=[org, stage.closed.public_id]))
    yield Place("edit number", reverse("whatsapp:edit", args=[org, stage.legal.public_id]))
    yield Place("revoke key", reverse("whatsapp:revoke_key", args=[org, stage.closed.public_id, key.pk]))
    yield Place("key shown", reverse("whatsapp:detail", args=[org, stage.closed.public_id]), act=press("Rotate key"))
    billing = reverse("whatsapp:detail", args=[org, stage.billing.public_id])
    yield Place("first key shown", billing, act=press("Make an agent key"))
    yield Place("toolkits of a number", reverse("grants:number_toolkits", args=[org, stage.legal.public_id]))


def _developer(stage: Stage) -> Iterator[Place]:
    org, rival = stage.cast.organization.slug, stage.cast.rival.slug
    yield Place("plugins", reverse("plugins:list", args=[org]), role="developer")
    yield Place("no plugins", reverse("plugins:list", args=[rival]), role="stranger")
    yield Place("new plugin", reverse("plugins:new", args=[org]), role="developer")
    yield Place("faults", reverse("plugins:new", args=[org]), role="developer", act=_paste_wrong, status=422)
    yield Place("plugin", reverse("plugins:detail", args=[org, "SUPPORT_DESK"]), role="developer")
    yield Place("version", reverse("plugins:version", args=[org, "SUPPORT_DESK", "1.0.0"]), role="developer")
    shown = press("Show the secrets once")
    yield Place("secrets shown", reverse("plugins:detail", args=[org, "SUPPORT_DESK"]), role="developer", act=shown)


def _installing(stage: Stage) -> Iterator[Place]:
    org, rival, desk, shop = stage.cast.organization.slug, stage.cast.rival.slug, stage.desk, stage.shop
    yield Place("installations", reverse("installations:list", args=[org]))
    yield Place("no installations", reverse("installations:list", args=[rival]), role="stranger")
    yield Place("installation", reverse("installations:detail", args=[org, desk.public_id]))
    yield Place("not configured", reverse("installations:detail", args=[org, shop.public_id]))
    configuration = reverse("installations:configuration", args=[org, shop.public_id])
    yield Place("configuration", reverse("installations:configuration", args=[org, desk.public_id]))
    yield Place("every kind", configuration)
    yield Place("configuration refused", configuration, act=press("Save configuration"), status=422)
    yield Place("access", reverse("grants:installation_access", args=[org, desk.public_id]))
    yield Place("remove", reverse("grants:remove", args=[org, desk.public_id]))
    yield Place("remove refused", reverse("grants:remove", args=[org, desk.public_id]), act=_type_wrong, status=422)
    steps = [reverse(f"grants:install_{step}", args=[org, "DRAFT_DESK"]) for step in ("permissions", "numbers")]
    yield Place("install step 1", steps[0])
    yield Place("install step 2", steps[0], act=press("Save and continue"))
    yield Place("install step 3", steps[1], act=press("Save and continue"))
    third = reverse("grants:install_configuration", args=[org, "DRAFT_DESK"])
    yield Place("install step 3 refused", third, act=press("Install and continue"), status=422)
    yield Place("install step 4", reverse("calls:install_test", args=[org, "SUPPORT_DESK"]))
    made = reverse("calls:install_test", args=[org, "SUPPORT_DESK"])
    yield Place("install tried", made, act=_try)
    yield Place("install tried wrongly", made, act=_try_wrongly, status=422)
    yield Place("install tried by a developer", made, role="developer")


def _granting(stage: Stage) -> Iterator[Place]:
    org, rival = stage.cast.organization.slug, stage.cast.rival.slug
    pair = f"?number={stage.legal.public_id}&installation={stage.desk.public_id}"
    explain = reverse("grants:explain", args=[org])
    asked = f"{explain}?number={stage.legal.public_id}&tool=support_desk__"
    yield Place("matrix", reverse("grants:matrix", args=[org]))
    yield Place("matrix of a viewer", reverse("grants:matrix", args=[org]), role="viewer")
    yield Place("matrix of nothing", reverse("grants:matrix", args=[rival]), role="stranger")
    yield Place("matrix filtered away", reverse("grants:matrix", args=[org]) + "?q=zzz")
    yield Place("grant", reverse("grants:grant", args=[org]) + pair)
    yield Place("take back", reverse("grants:revoke", args=[org]) + pair)
    yield Place("explain", explain)
    yield Place("explain on", asked + "create_support_ticket")
    yield Place("explain blocked", asked + "find_support_ticket")
    yield Place("toolkits", reverse("grants:toolkits", args=[org]))
    yield Place("remove toolkit", reverse("grants:remove_toolkit", args=[org, "ECOMMERCE"]))


def _logs(stage: Stage) -> Iterator[Place]:
    org = stage.cast.organization.slug
    logs = reverse("logs:list", args=[org])
    yield Place("logs", logs, role="operator")
    yield Place("logs filtered", f"{logs}?status=refused&range=week", role="operator")
    yield Place("logs filtered away", f"{logs}?tool=zzz", role="operator")
    yield Place("logs misread", f"{logs}?since=yesterday", role="operator", status=422)
    yield Place("no logs", reverse("logs:list", args=[stage.cast.rival.slug]), role="stranger")
    for call in stage.calls:
        yield Place(f"call {call.state}", reverse("logs:detail", args=[org, call.public_id]), role="operator")


def _people(stage: Stage) -> Iterator[Place]:
    org, viewer = stage.cast.organization.slug, stage.cast.viewer
    yield Place("members", reverse("accounts:members", args=[org]))
    yield Place("members of a viewer", reverse("accounts:members", args=[org]), role="viewer", status=403)
    yield Place("add person refused", reverse("accounts:members", args=[org]), act=press("Add person"), status=422)
    yield Place("remove person", reverse("accounts:remove", args=[org, viewer.pk]))
    yield Place("403", reverse("plugins:new", args=[org]), role="viewer", status=403)
    yield Place("404", f"/o/{org}/logs/call_nothing/", status=404)


def press(name: str) -> Act:
    return lambda visitor: visitor.press(name)


def _sign_in_wrongly(visitor: Visitor) -> None:
    visitor.page.get_by_label("Email").fill("nobody@example.com")
    visitor.page.get_by_label("Password").fill("not the password")
    visitor.press("Sign in")


def _show_who_it_is(visitor: Visitor) -> None:
    visitor.page.get_by_label("Password").fill(factories.PASSWORD)
    visitor.press("Continue")
    visitor.page.get_by_role("img").wait_for()


def _paste_wrong(visitor: Visitor) -> None:
    visitor.page.locator("textarea").fill(stages.wrong(stages.sample("support_desk")))
    visitor.press("Check and add")


def _type_wrong(visitor: Visitor) -> None:
    visitor.page.get_by_label("Type SUPPORT_DESK").fill("something else")
    visitor.page.get_by_label("Type SUPPORT_DESK").press("Enter")


def _try(visitor: Visitor) -> None:
    visitor.press("Make the test call")
    visitor.reads("Result")


def _try_wrongly(visitor: Visitor) -> None:
    visitor.page.locator("textarea").fill('{"subject": 1}')
    _try(visitor)
