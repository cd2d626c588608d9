"""Every page there is, as a list: what is opened, by whom, and what is done on it before it is looked at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve, reverse

from installations.models import CustomerAlias
from kasilabs.toolkits.orders.models import AfterSaleRequest
from kasilabs.toolkits.payments.models import Refund
from kasilabs.whatsapp.models import AgentKey
from tests.browser import seed as seeds
from tests.browser.seed import Seed
from tests.browser.window import Window
from tests.support import factories

NOT_PAGES = {
    *("home", "account_confirm_login_code", "account_set_password", "mfa_download_recovery_codes"),
    *("whatsapp:suspend", "whatsapp:resume", "whatsapp:rotate_key", "installations:suspend", "installations:resume"),
    *("installations:check_field", "grants:install", "grants:install_check_field", "grants:install_toolkit"),
    *(
        "accounts:revoke_invitation",
        "invitations:accept",
        "invitations:register",
        "notices:read",
        "notices:read_all",
        "dead_letters:retry",
        "platform_dead_letters:retry",
        "notices:choose_mails",
        "payments:ask",
        "payments:ask_refund",
        "orders:confirm",
        "orders:fulfil",
        "orders:accept",
        "orders:close",
        "escalations:take",
        "escalations:put_back",
    ),
    *("grants:set_cell", "grants:grant_toolkit", "grants:revoke_toolkit", "accounts:change_role"),
    *("whatsapp:add_answerer", "whatsapp:remove_answerer"),
    *("plugins:download", "agent:openapi", "bridges:openapi", "manifest_schema", "healthz", "readyz"),
}
"""Routes that lead on, take a POST only, or send a file; those of machines are known by their policy."""

Act = Callable[[Window], None]


@dataclass(frozen=True)
class PageCase:
    """A page as one person sees it; `role` is a name in the cast, empty for nobody signed in."""

    name: str
    path: str
    role: str = "owner"
    act: Act | None = None
    status: int = 200

    def show(self, window: Window) -> None:
        """Open it and do what leads to the state it is about."""
        window.expected_statuses = {self.status} if self.status >= 400 else set()
        response = window.open(self.path)
        if self.act:
            self.act(window)
        else:
            assert response.status == self.status, self.name
        window.wait_until_idle()

    @property
    def route(self) -> str:
        return route(self.path)


def route(url: str) -> str:
    """Return the name of the view that answers at a URL, empty for none."""
    try:
        return resolve(urlsplit(url).path).view_name
    except Resolver404:
        return ""


def visit_all(seed: Seed, open_window: Callable[..., Window], **options: Any) -> Iterator[tuple[PageCase, Window]]:
    """Show every page, one window for each person; who leaves a value shown once behind, says yes to leaving."""
    windows: dict[str, Window] = {}
    for case in all_of(seed):
        if case.role not in windows:
            windows[case.role] = open_window(getattr(seed.cast, case.role) if case.role else None, **options)
            windows[case.role].page.on("dialog", lambda dialog: dialog.accept())
        case.show(windows[case.role])
        yield case, windows[case.role]


def all_of(seed: Seed) -> list[PageCase]:
    """Return them in an order in which each finds what it is about."""
    inside = (_numbers, _developer, _installing, _granting, _logs, _money, _escalations, _people)
    return [*_outside(), *_own_account(), *(case for part in inside for case in part(seed))]


def _outside() -> Iterator[PageCase]:
    for name in ("account_login", "account_reset_password", "account_reset_password_done", "account_signup"):
        yield PageCase(name, reverse(name), role="")
    yield PageCase("sign-in refused", reverse("account_login"), role="", act=_sign_in_wrongly)
    yield PageCase("inactive", reverse("account_inactive"), role="")
    yield PageCase("link sent", reverse("account_email_verification_sent"), role="")
    yield PageCase("bad link", reverse("account_confirm_email", args=["no-such-key"]), role="")
    yield PageCase("bad reset", reverse("account_reset_password_from_key", args=["x", "no-key"]), role="")
    yield PageCase("password set", reverse("account_reset_password_from_key_done"), role="")
    yield PageCase("invitation over", reverse("invitations:show", args=["no-such-link"]), role="", status=404)
    yield PageCase("404 outside", "/nothing/here/", role="", status=404)
    yield PageCase("405", reverse("demo_sign_in"), role="", status=405)


def _own_account() -> Iterator[PageCase]:
    for name in ("account_email", "account_change_password", "mfa_index"):
        yield PageCase(name, reverse(name))
    yield PageCase("second factor", reverse("mfa_activate_totp"), act=_show_who_it_is(".k-qr"))
    yield PageCase("second factor on", reverse("mfa_index"), role="reviewer")
    yield PageCase("sign in again with a code", reverse("mfa_reauthenticate"), role="reviewer")
    codes = reverse("mfa_view_recovery_codes")
    yield PageCase("recovery codes", codes, role="reviewer", act=_show_who_it_is("#recovery_codes"))
    yield PageCase("new recovery codes", reverse("mfa_generate_recovery_codes"), role="reviewer")
    yield PageCase("second factor off", reverse("mfa_deactivate_totp"), role="reviewer")
    yield PageCase("sign in again", reverse("account_reauthenticate"))
    yield PageCase("sign out", reverse("account_logout"))
    yield PageCase("notices", reverse("notices:list"))
    yield PageCase("no notices", reverse("notices:list"), role="reviewer")
    yield PageCase("no organization", "/", role="reviewer")
    yield PageCase("components", reverse("components"))
    yield PageCase("dead letters of the platform", reverse("platform_dead_letters:list"), role="reviewer")


def _numbers(seed: Seed) -> Iterator[PageCase]:
    org = seed.cast.organization.slug
    key = AgentKey.objects.filter(instance=seed.closed).latest("created")
    yield PageCase("overview", reverse("overview", args=[org]))
    yield PageCase("overview of a viewer", reverse("overview", args=[org]), role="viewer")
    yield PageCase("overview of nothing", reverse("overview", args=[seed.cast.rival.slug]), role="stranger")
    yield PageCase("numbers", reverse("whatsapp:list", args=[org]))
    yield PageCase("no numbers", reverse("whatsapp:list", args=[seed.cast.rival.slug]), role="stranger")
    yield PageCase("add number", reverse("whatsapp:add", args=[org]))
    yield PageCase(
        "add number refused",
        reverse("whatsapp:add", args=[org]),
        act=click("Add number", shows=".k-summary"),
        status=422,
    )
    yield PageCase("number", reverse("whatsapp:detail", args=[org, seed.legal.public_id]))
    yield PageCase("number suspended", reverse("whatsapp:detail", args=[org, seed.closed.public_id]))
    yield PageCase("edit number", reverse("whatsapp:edit", args=[org, seed.legal.public_id]))
    yield PageCase("revoke key", reverse("whatsapp:revoke_key", args=[org, seed.closed.public_id, key.pk]))
    yield PageCase(
        "key shown",
        reverse("whatsapp:detail", args=[org, seed.closed.public_id]),
        act=click("Rotate key", shows="#agent_key"),
    )
    billing = reverse("whatsapp:detail", args=[org, seed.billing.public_id])
    yield PageCase("first key shown", billing, act=click("Make an agent key", shows="#agent_key"))
    yield PageCase("number that lacks something", billing)
    yield PageCase("tools of a number", reverse("grants:number_tools", args=[org, seed.legal.public_id]))
    yield PageCase("tools that lack something", reverse("grants:number_tools", args=[org, seed.billing.public_id]))
    yield PageCase("toolkits of a number", reverse("grants:number_toolkits", args=[org, seed.legal.public_id]))


def _developer(seed: Seed) -> Iterator[PageCase]:
    org, rival = seed.cast.organization.slug, seed.cast.rival.slug
    yield PageCase("plugins", reverse("plugins:list", args=[org]), role="developer")
    yield PageCase("no plugins", reverse("plugins:list", args=[rival]), role="stranger")
    yield PageCase("new plugin", reverse("plugins:new", args=[org]), role="developer")
    yield PageCase("faults", reverse("plugins:new", args=[org]), role="developer", act=_paste_wrong, status=422)
    yield PageCase("plugin", reverse("plugins:detail", args=[org, "SUPPORT_DESK"]), role="developer")
    yield PageCase("version", reverse("plugins:version", args=[org, "SUPPORT_DESK", "1.0.0"]), role="developer")
    shown = click("Show the secrets once", shows="#secret_tool")
    yield PageCase("secrets shown", reverse("plugins:detail", args=[org, "SUPPORT_DESK"]), role="developer", act=shown)


def _installing(seed: Seed) -> Iterator[PageCase]:
    org, rival, desk, shop = seed.cast.organization.slug, seed.cast.rival.slug, seed.desk, seed.shop
    yield PageCase("installations", reverse("installations:list", args=[org]))
    yield PageCase("no installations", reverse("installations:list", args=[rival]), role="stranger")
    yield PageCase("installation", reverse("installations:detail", args=[org, desk.public_id]))
    yield PageCase("not configured", reverse("installations:detail", args=[org, shop.public_id]))
    configuration = reverse("installations:configuration", args=[org, shop.public_id])
    yield PageCase("configuration", reverse("installations:configuration", args=[org, desk.public_id]))
    yield PageCase("every kind", configuration)
    yield PageCase(
        "configuration refused", configuration, act=click("Save configuration", shows=".k-summary"), status=422
    )
    yield PageCase("access", reverse("grants:installation_access", args=[org, desk.public_id]))
    yield PageCase("installation with needs", reverse("installations:detail", args=[org, seed.riders.public_id]))
    yield PageCase("remove", reverse("grants:remove", args=[org, desk.public_id]))
    yield PageCase("remove refused", reverse("grants:remove", args=[org, desk.public_id]), act=_type_wrong, status=422)
    steps = [reverse(f"grants:install_{step}", args=[org, "DRAFT_DESK"]) for step in ("permissions", "numbers")]
    yield PageCase("install step 1", steps[0])
    yield PageCase("install step 2", steps[0], act=click("Save and continue", shows="[name=numbers]"))
    needing = reverse("grants:install_permissions", args=[org, "DRAFT_WHEELS"])
    yield PageCase("install step 1 with needs", needing)
    yield PageCase("install step 2 with needs", needing, act=click("Save and continue", shows="[name=toolkits]"))
    yield PageCase("install step 3", steps[1], act=click("Save and continue", shows="[name=label]"))
    third = reverse("grants:install_configuration", args=[org, "DRAFT_DESK"])
    yield PageCase("install step 3 refused", third, act=click("Install and continue", shows=".k-summary"), status=422)
    yield PageCase("install step 4", reverse("calls:install_test", args=[org, "SUPPORT_DESK"]))
    made = reverse("calls:install_test", args=[org, "SUPPORT_DESK"])
    yield PageCase("install tried", made, act=_try)
    yield PageCase("install tried wrongly", made, act=_try_wrongly, status=422)
    yield PageCase("install tried by a developer", made, role="developer")


def _granting(seed: Seed) -> Iterator[PageCase]:
    org, rival = seed.cast.organization.slug, seed.cast.rival.slug
    pair = f"?number={seed.legal.public_id}&installation={seed.desk.public_id}"
    explain = reverse("grants:explain", args=[org])
    asked = f"{explain}?number={seed.legal.public_id}&tool=support_desk__"
    yield PageCase("matrix", reverse("grants:matrix", args=[org]))
    yield PageCase("matrix of a viewer", reverse("grants:matrix", args=[org]), role="viewer")
    yield PageCase("matrix of nothing", reverse("grants:matrix", args=[rival]), role="stranger")
    yield PageCase("matrix filtered away", reverse("grants:matrix", args=[org]) + "?q=zzz")
    yield PageCase("grant", reverse("grants:grant", args=[org]) + pair)
    yield PageCase("revoke", reverse("grants:revoke", args=[org]) + pair)
    yield PageCase("explain", explain)
    yield PageCase("explain on", asked + "create_support_ticket")
    yield PageCase("explain blocked", asked + "find_support_ticket")
    lacking = f"{explain}?number={seed.billing.public_id}&tool=wheels__create_support_ticket"
    yield PageCase("explain what it lacks", lacking)
    yield PageCase("toolkits", reverse("grants:toolkits", args=[org]))
    yield PageCase("remove toolkit", reverse("grants:remove_toolkit", args=[org, "ECOMMERCE"]))


def _logs(seed: Seed) -> Iterator[PageCase]:
    org = seed.cast.organization.slug
    logs = reverse("logs:list", args=[org])
    yield PageCase("logs", logs, role="operator")
    yield PageCase("logs filtered", f"{logs}?status=refused&range=week", role="operator")
    yield PageCase("logs filtered away", f"{logs}?tool=zzz", role="operator")
    yield PageCase("logs misread", f"{logs}?since=yesterday", role="operator", status=422)
    yield PageCase("no logs", reverse("logs:list", args=[seed.cast.rival.slug]), role="stranger")
    for call in seed.calls:
        yield PageCase(f"{call.kind} {call.state}", reverse("logs:detail", args=[org, call.public_id]), role="operator")


def _money(seed: Seed) -> Iterator[PageCase]:
    org, rival = seed.cast.organization.slug, seed.cast.rival.slug
    waiting, unknown, refunded = (each.public_id for each in seed.payments)
    refund = Refund.objects.get().public_id
    yield PageCase("payments", reverse("payments:list", args=[org]), role="operator")
    yield PageCase("no payments", reverse("payments:list", args=[rival]), role="stranger")
    yield PageCase("no payment fits", f"{reverse('payments:list', args=[org])}?q=nothing&state=paid")
    yield PageCase("payment search refused", f"{reverse('payments:list', args=[org])}?state=gone", status=422)
    yield PageCase("payment", reverse("payments:detail", args=[org, waiting]))
    yield PageCase("payment unknown", reverse("payments:detail", args=[org, unknown]))
    yield PageCase("payment refunded", reverse("payments:detail", args=[org, refunded]), role="operator")
    marking = reverse("payments:mark_settled", args=[org, waiting])
    yield PageCase("mark paid", marking, act=_prove_and_wait)
    yield PageCase("mark paid refused", marking, act=click("Mark paid", shows=".k-summary"), status=422)
    yield PageCase("mark failed", reverse("payments:mark_failed", args=[org, unknown]))
    yield PageCase("mark what has ended", reverse("payments:mark_failed", args=[org, refunded]))
    yield PageCase("mark refunded", reverse("payments:mark_refund_settled", args=[org, refunded, refund]))
    yield PageCase("mark refund failed", reverse("payments:mark_refund_failed", args=[org, refunded, refund]))
    order, wanted = seed.order.public_id, AfterSaleRequest.objects.get().public_id
    yield PageCase("orders", reverse("orders:list", args=[org]), role="operator")
    yield PageCase("no orders", reverse("orders:list", args=[rival]), role="stranger")
    yield PageCase("order", reverse("orders:detail", args=[org, order]))
    alias = CustomerAlias.objects.get(customer=seed.order.customer).alias
    yield PageCase("customer", reverse("customers:detail", args=[org, alias]))
    yield PageCase("cancel order", reverse("orders:cancel", args=[org, order]))
    yield PageCase("decline", reverse("orders:decline", args=[org, order, wanted]))


def _escalations(seed: Seed) -> Iterator[PageCase]:
    org, rival = seed.cast.organization.slug, seed.cast.rival.slug
    queue = reverse("escalations:list", args=[org])
    waits, held, resolved = (each.public_id for each in seed.escalations)
    yield PageCase("escalations", queue, role="operator")
    yield PageCase("escalations of a viewer", queue, role="viewer", status=403)
    yield PageCase("my escalations", f"{queue}?show=mine", role="operator")
    yield PageCase("resolved escalations", f"{queue}?show=resolved", role="operator")
    yield PageCase("no escalations", reverse("escalations:list", args=[rival]), role="stranger")
    yield PageCase("no such escalations", f"{queue}?show=gone", status=422)
    yield PageCase("escalation that waits", reverse("escalations:detail", args=[org, waits]), role="operator")
    yield PageCase("my escalation", reverse("escalations:detail", args=[org, held]), role="operator")
    yield PageCase("resolved escalation", reverse("escalations:detail", args=[org, resolved]), role="operator")
    assigning = reverse("escalations:assign", args=[org, waits])
    yield PageCase("assign", assigning, role="operator")
    yield PageCase("assign refused", assigning, role="operator", act=click("Assign", shows=".k-summary"), status=422)
    resolving = reverse("escalations:resolve", args=[org, held])
    yield PageCase("resolve", resolving, role="operator")
    yield PageCase("resolve of a teammate", resolving, status=409)


def _people(seed: Seed) -> Iterator[PageCase]:
    org, viewer = seed.cast.organization.slug, seed.cast.viewer
    yield PageCase("members", reverse("accounts:members", args=[org]))
    yield PageCase("members of a viewer", reverse("accounts:members", args=[org]), role="viewer", status=403)
    yield PageCase(
        "add person refused",
        reverse("accounts:members", args=[org]),
        act=click("Send invitation", shows=".k-summary"),
        status=422,
    )
    yield PageCase("remove person", reverse("accounts:remove", args=[org, viewer.pk]))
    yield PageCase("dead letters", reverse("dead_letters:list", args=[org]), role="operator")
    yield PageCase("no dead letters", reverse("dead_letters:list", args=[seed.cast.rival.slug]), role="stranger")
    yield PageCase("invitation of somebody new", seed.invitation, role="")
    yield PageCase(
        "invitation refused", seed.invitation, role="", act=click("Join Kasi Legal", shows=".is-invalid"), status=422
    )
    yield PageCase("invitation of somebody known", seed.invitation_of_stranger, role="")
    yield PageCase("second step", reverse("account_login"), role="", act=_sign_in_with_a_code(seed.cast.reviewer.email))
    yield PageCase("invitation of somebody else", seed.invitation)
    yield PageCase("invitation", seed.invitation_of_stranger, role="stranger")
    yield PageCase("403", reverse("plugins:new", args=[org]), role="viewer", status=403)
    yield PageCase("404", f"/o/{org}/logs/call_nothing/", status=404)


def click(button: str, shows: str) -> Act:
    """Click a button and wait for what it leads to."""

    def act(window: Window) -> None:
        window.click_button(button)
        window.page.locator(shows).first.wait_for()

    return act


def _sign_in_wrongly(window: Window) -> None:
    window.page.get_by_label("Email").fill("nobody@example.com")
    window.page.get_by_label("Password").fill("not the password")
    click("Sign in", shows="[role=alert]")(window)


def _show_who_it_is(shows: str) -> Act:
    """Type the password, and wait for what it leads to."""

    def act(window: Window) -> None:
        window.page.get_by_label("Password").fill(factories.PASSWORD)
        window.click_button("Continue")
        window.page.locator(shows).wait_for()

    return act


def _sign_in_with_a_code(email: str) -> Act:
    """Sign in up to the second step, and enter a wrong code there."""

    def act(window: Window) -> None:
        window.page.get_by_label("Email").fill(email)
        window.page.get_by_label("Password").fill(factories.PASSWORD)
        window.click_button("Sign in")
        window.page.get_by_label("Code").fill("000000")
        window.click_button("Sign in")
        window.page.locator(".is-invalid").wait_for()

    return act


def _prove_and_wait(window: Window) -> None:
    """Type the password, unless a page before this one has asked for it a moment ago."""
    password, receipt = window.page.get_by_label("Password"), window.page.get_by_label("Receipt")
    password.or_(receipt).wait_for()
    if password.is_visible():
        password.fill(factories.PASSWORD)
        window.click_button("Continue")
    receipt.wait_for()


def _paste_wrong(window: Window) -> None:
    window.page.locator("textarea").fill(seeds.with_three_errors(seeds.sample_manifest("support_desk")))
    window.click_button("Check and add")
    window.page.locator(".k-src .wrong").first.wait_for()


def _type_wrong(window: Window) -> None:
    """Send the wrong name as a browser without script does: with script, the button waits for the right one."""
    typed = window.page.get_by_label("Type SUPPORT_DESK")
    typed.fill("something else")
    typed.evaluate("each => each.form.submit()")
    window.page.locator(".is-invalid").wait_for()


def _try(window: Window) -> None:
    window.click_button("Make the test call")
    window.wait_for_text("Result")


def _try_wrongly(window: Window) -> None:
    window.page.locator("textarea").fill('{"subject": 1}')
    _try(window)
