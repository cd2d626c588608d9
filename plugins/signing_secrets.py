"""Signing secrets: what proves that a tool call comes from KasiLabs, and a bridge request from the plugin.

They belong to (plugin, mode) and are seen once, by people of the plugin's owner organization who may develop; never by
an installer. One secret per purpose is current; the one before it stays live for a day, so that
an author can change it without losing a call.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from kasilabs.accounts import audit
from kasilabs.lib.crypto import fields
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from plugins.models import Plugin, SigningSecret

Purpose = SigningSecret.Purpose
PREFIXES = {Purpose.TOOL: "plsec", Purpose.BRIDGE: "brsec"}
OVERLAP = timedelta(hours=24)
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
KID_LENGTH = 16
SECRET_LENGTH = 43
"""43 letters and digits carry 256 bits. The UTF-8 bytes of the whole secret, prefix included, are the HMAC key."""


@dataclass(frozen=True, repr=False)
class ShownSecret:
    """A secret in clear, on its one way to a person. `retires` is when the one before it stops working."""

    purpose: Purpose
    kid: str
    text: str
    retires: datetime | None = None


def create_missing(*, plugin: Plugin, mode: Mode, actor: audit.Actor) -> list[SigningSecret]:
    """Makes the secrets a plugin lacks in a mode and returns those this call made; two calls at once make one set."""
    with audit.act(actor=actor, action="signing_secret.made", organization=plugin.owner) as act:
        present = set(plugin.signing_secrets.current().filter(mode=mode).values_list("purpose", flat=True))
        candidates = [_new_secret(plugin, mode, purpose) for purpose in Purpose if purpose not in present]
        # Not one by one: of two transactions that both make a secret, one would fail.
        SigningSecret.objects.bulk_create(candidates, ignore_conflicts=True)
        made = list(SigningSecret.objects.filter(pk__in=[secret.pk for secret in candidates]).in_order())
        act.on(plugin.public_id, plugin.slug)
        act.change(after={"mode": mode.value, "kids": [secret.kid for secret in made]})
        if not made:
            act.nothing()
    return made


def show_once(*, plugin: Plugin, mode: Mode, actor: audit.Actor) -> list[ShownSecret]:
    """Returns the live secrets nobody has seen yet; of two who ask at once, one gets them.

    Raises CannotOpen, and then nothing counts as shown.
    """
    with audit.act(actor=actor, action="signing_secret.shown", organization=plugin.owner) as act:
        live = list(plugin.signing_secrets.live().filter(mode=mode).in_order())
        unseen = [secret for secret in live if secret.mark_shown()]
        shown = [ShownSecret(Purpose(secret.purpose), secret.kid, secret.reveal()) for secret in unseen]
        act.on(plugin.public_id, plugin.slug)
        act.change(after={"mode": mode.value, "kids": [secret.kid for secret in unseen]})
        if not unseen:
            act.nothing()
    return shown


def rotate(*, plugin: Plugin, mode: Mode, purpose: Purpose, actor: audit.Actor, at_once: bool = False) -> ShownSecret:
    """Makes a new current secret and returns it; the one before lives for a day, an older one ends now.

    `at_once` ends the one before too: for a secret that leaked. Raises Refused (`no_secret`).
    """
    with audit.act(actor=actor, action="signing_secret.rotated", organization=plugin.owner) as act:
        Plugin.objects.select_for_update().get(pk=plugin.pk)
        secrets = plugin.signing_secrets.filter(mode=mode, purpose=purpose)
        before = secrets.current().first()
        if before is None:
            detail = _("%(slug)s has no signing secrets in this mode yet: they are made when it is installed.")
            raise Refused("no_secret", detail % {"slug": plugin.slug})
        now = timezone.now()
        retires = now if at_once else now + OVERLAP
        secrets.filter(retires__gt=now).update(retires=now)
        secrets.filter(pk=before.pk).update(retires=retires)
        after = _new_secret(plugin, mode, purpose, shown=now)
        after.save(force_insert=True)
        act.on(plugin.public_id, plugin.slug)
        act.change(before={"kid": before.kid}, after={"kid": after.kid, "mode": mode.value, "purpose": purpose.value})
    return ShownSecret(purpose, after.kid, after.reveal(), retires)


def choose_signer(live: Iterable[SigningSecret]) -> SigningSecret | None:
    """Returns the live secret that tool calls are signed with: the oldest, until it retires.

    An author cannot give an endpoint a secret before it exists. So a new one only takes over when its day of overlap
    is past, and no call fails in between.
    """
    tool = (secret for secret in live if secret.purpose == Purpose.TOOL)
    return min(tool, key=lambda secret: secret.id, default=None)


def _new_secret(plugin: Plugin, mode: Mode, purpose: Purpose, *, shown: datetime | None = None) -> SigningSecret:
    kid = f"{purpose.value}-{get_random_string(KID_LENGTH, BASE32)}"
    secret = SigningSecret(plugin=plugin, mode=mode, purpose=purpose, kid=kid, shown=shown)
    fields.seal(secret, "value", f"{PREFIXES[purpose]}_{get_random_string(SECRET_LENGTH)}")
    return secret
