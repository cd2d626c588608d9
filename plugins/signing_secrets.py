"""Signing secrets: what proves that a tool call comes from KasiLabs, and a bridge request from the plugin.

They belong to (plugin, mode) and are seen once, by people of the plugin's owner organization who may develop; never by
an installer (contracts, section 2). One secret per purpose is current; the one before it stays live for a day, so that
an author can change it without losing a call.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kasilabs.accounts import audit
from kasilabs.lib.crypto import bearer_keys, fields
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from plugins.models import Plugin, SigningSecret

Purpose = SigningSecret.Purpose
PREFIX = {Purpose.TOOL: "plsec", Purpose.BRIDGE: "brsec"}
OVERLAP = timedelta(hours=24)
KID_LENGTH = 16


@dataclass(frozen=True, repr=False)
class Shown:
    """A secret on its one way to a person. `retires` is when the one before it stops working."""

    purpose: Purpose
    kid: str
    text: str
    retires: datetime | None = None


def ensure(*, plugin: Plugin, mode: Mode, actor: audit.Actor) -> list[SigningSecret]:
    """Make what is missing and return what this call made, in the caller's transaction; two at once make one set."""
    with audit.act(actor=actor, action="signing_secret.made", organization=plugin.owner) as act:
        candidates = [_new(plugin, mode, purpose) for purpose in _missing(plugin, mode)]
        SigningSecret.objects.bulk_create(candidates, ignore_conflicts=True)
        made = _in_order(SigningSecret.objects.filter(pk__in=[secret.pk for secret in candidates]))
        act.on(plugin.public_id, plugin.slug)
        act.change(after={"mode": mode.value, "kids": [secret.kid for secret in made]})
        if not made:
            act.nothing()
    return made


def current(plugin: Plugin, mode: Mode, purpose: Purpose) -> SigningSecret:
    """Return the one to sign with. Raises SigningSecret.DoesNotExist before the first installation in this mode."""
    return SigningSecret.objects.get(plugin=plugin, mode=mode, purpose=purpose, retires=None)


def live(plugin: Plugin, mode: Mode, purpose: Purpose | None = None) -> list[SigningSecret]:
    """Return what a signature may be made with now, newest first."""
    working = Q(retires=None) | Q(retires__gt=timezone.now())
    found = SigningSecret.objects.filter(working, plugin=plugin, mode=mode).order_by("-id")
    return list(found.filter(purpose=purpose) if purpose else found)


def text(secret: SigningSecret) -> str:
    """Return the secret as it was shown; its UTF-8 bytes are the HMAC key. Raises encrypted.CannotOpen."""
    return fields.reveal(secret, "value")


def show_once(*, plugin: Plugin, mode: Mode, actor: audit.Actor) -> list[Shown]:
    """Hand out the live secrets nobody has seen yet; of two who ask at once, one gets them.

    Raises encrypted.CannotOpen, and then nothing counts as shown.
    """
    with audit.act(actor=actor, action="signing_secret.shown", organization=plugin.owner) as act:
        mine = _in_order(secret for secret in live(plugin, mode) if _take(secret))
        shown = [Shown(Purpose(secret.purpose), secret.kid, text(secret)) for secret in mine]
        act.on(plugin.public_id, plugin.slug)
        act.change(after={"mode": mode.value, "kids": [secret.kid for secret in mine]})
        if not mine:
            act.nothing()
    return shown


def signer(live: Iterable[SigningSecret]) -> SigningSecret | None:
    """Return the live secret that tool calls are signed with: the oldest, until it retires.

    An author cannot give an endpoint a secret before it exists. So a new one only takes over when its day of overlap
    is past, and no call fails in between.
    """
    tool = (secret for secret in live if secret.purpose == Purpose.TOOL)
    return min(tool, key=lambda secret: secret.id, default=None)


def rotate(*, plugin: Plugin, mode: Mode, purpose: Purpose, actor: audit.Actor, at_once: bool = False) -> Shown:
    """Make a new current secret and return it; the one before lives for a day, an older one ends now.

    `at_once` ends the one before too: for a secret that leaked. Raises Refused when there is none to rotate.
    """
    with audit.act(actor=actor, action="signing_secret.rotated", organization=plugin.owner) as act:
        Plugin.objects.select_for_update().get(pk=plugin.pk)
        before, now = _one_to_rotate(plugin, mode, purpose), timezone.now()
        retires = now if at_once else now + OVERLAP
        same = SigningSecret.objects.filter(plugin=plugin, mode=mode, purpose=purpose)
        same.filter(retires__gt=now).update(retires=now)
        same.filter(pk=before.pk).update(retires=retires)
        after = _new(plugin, mode, purpose, shown=now)
        after.save(force_insert=True)
        act.on(plugin.public_id, plugin.slug)
        act.change(before={"kid": before.kid}, after={"kid": after.kid, "mode": mode.value, "purpose": purpose.value})
    return Shown(purpose, after.kid, text(after), retires)


def _in_order(secrets: Iterable[SigningSecret]) -> list[SigningSecret]:
    return sorted(secrets, key=lambda secret: Purpose.values.index(secret.purpose))


def _one_to_rotate(plugin: Plugin, mode: Mode, purpose: Purpose) -> SigningSecret:
    try:
        return current(plugin, mode, purpose)
    except SigningSecret.DoesNotExist:
        detail = _("%(slug)s has no signing secrets in this mode yet: they are made when it is installed.")
        raise Refused("no_secret", detail % {"slug": plugin.slug}) from None


def _missing(plugin: Plugin, mode: Mode) -> list[Purpose]:
    present = SigningSecret.objects.filter(plugin=plugin, mode=mode, retires=None).values_list("purpose", flat=True)
    return [purpose for purpose in Purpose if purpose not in set(present)]


def _new(plugin: Plugin, mode: Mode, purpose: Purpose, *, shown: datetime | None = None) -> SigningSecret:
    kid = f"{purpose.value}-{bearer_keys.random_text(bearer_keys.BASE32, KID_LENGTH)}"
    secret = SigningSecret(plugin=plugin, mode=mode, purpose=purpose, kid=kid, shown=shown)
    fields.seal(secret, "value", bearer_keys.make_secret(PREFIX[purpose]))
    return secret


def _take(secret: SigningSecret) -> bool:
    unseen = SigningSecret.objects.filter(pk=secret.pk, shown=None)
    return unseen.update(shown=timezone.now()) == 1
