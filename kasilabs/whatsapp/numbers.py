"""Connecting, editing, suspending and resuming WhatsApp numbers. The database decides what number or name is free."""

from dataclasses import asdict, dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts import audit
from kasilabs.accounts.models import Organization
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp.models import Instance


@dataclass(frozen=True)
class Settings:
    """What people set of a number; `number` in E.164, as in +254700000141."""

    name: str
    number: str
    system_prompt: str = ""

    @classmethod
    def of(cls, instance: Instance) -> "Settings":
        return cls(instance.name, instance.number, instance.system_prompt)


def add(*, organization: Organization, settings: Settings, actor: audit.Actor) -> Instance:
    """Connects a number. Raises Refused with a pointer to the field."""
    with audit.act(actor=actor, action="number.added", organization=organization) as act:
        instance = Instance(organization=organization, **asdict(settings))
        _save(instance)
        act.on(instance.public_id, instance.name)
        act.change(after=asdict(settings))
    return instance


def edit(*, instance: Instance, settings: Settings, actor: audit.Actor, seen: Settings | None = None) -> Instance:
    """Changes what people set of a number. Raises Refused with a pointer to the field.

    Raises Refused (`changed_meanwhile`) when it is not any more as the person has `seen` it.
    """
    with audit.act(actor=actor, action="number.changed", organization=instance.organization) as act:
        instance = _lock(instance)
        current = Settings.of(instance)
        if seen and current not in (seen, settings):
            raise Refused(
                "changed_meanwhile", _("Somebody changed this number meanwhile. Save again to put yours in its place.")
            )
        act.on(instance.public_id, settings.name)
        changed = {name: value for name, value in asdict(settings).items() if getattr(instance, name) != value}
        act.change(before={name: getattr(instance, name) for name in changed}, after=changed)
        if not changed:
            act.nothing()
        for name, value in changed.items():
            setattr(instance, name, value)
        _save(instance)
    return instance


def suspend(*, instance: Instance, actor: audit.Actor, reason: str = "") -> Instance:
    """Stops the agent of a number: it gets no tools, and the gate `number` refuses every call."""
    return _set_state(instance, Instance.State.SUSPENDED, "number.suspended", actor, reason)


def resume(*, instance: Instance, actor: audit.Actor, reason: str = "") -> Instance:
    """Lets the agent of a number work again, with what it was granted before."""
    return _set_state(instance, Instance.State.ACTIVE, "number.resumed", actor, reason)


def _set_state(instance: Instance, state: Instance.State, action: str, actor: audit.Actor, reason: str) -> Instance:
    organization = instance.organization
    with audit.act(actor=actor, action=action, organization=organization, reason=reason) as act:
        instance = _lock(instance)
        act.on(instance.public_id, instance.name)
        act.change(before={"state": instance.state}, after={"state": state.value})
        if instance.state == state:
            act.nothing()
        instance.state = state
        instance.save(update_fields=["state"])
    return instance


def _lock(instance: Instance) -> Instance:
    return Instance.objects.select_for_update(of=("self",)).select_related("organization").get(pk=instance.pk)


def _save(instance: Instance) -> None:
    try:
        with transaction.atomic():
            instance.save()
    except IntegrityError:
        raise _refusal(instance) from None


def _refusal(instance: Instance) -> Refused:
    """Says which constraint it was, without a word about whose number it is."""
    is_name_taken = instance.organization.instances.filter(name__iexact=instance.name).exclude(pk=instance.pk).exists()
    if is_name_taken:
        code, field = "name_taken", "name"
        sentence = _("Another number has this name. Choose one that tells them apart.")
    else:
        code, field = "number_taken", "number"
        sentence = _("This number is already connected. A number can be connected once.")
    return Refused(code, sentence, [{"pointer": f"/{field}", "code": code, "message": str(sentence)}])
