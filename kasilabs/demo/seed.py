"""Makes every row of the demo, with the functions the dashboard uses.

Run again, it finds what is there and returns the same credentials; what was lost (another data folder, a rotated key)
is made anew.
"""

import secrets
from typing import Any, cast

from django.conf import settings
from django.utils import timezone

from grants.install.plan import InstallPlan, set_up_plugin
from installations.models import Installation
from kasilabs.accounts import audit, members
from kasilabs.accounts.models import Member, Organization, User
from kasilabs.configuration.command_line import read_settings
from kasilabs.demo import demo_file
from kasilabs.demo.scenario import KASI_LEGAL, REVIEWER, RIVAL_LAW, SAMPLES, Employee, Firm, Number, Person, Sample
from kasilabs.lib.states import Mode
from kasilabs.whatsapp import agent_keys, chat_answerers, numbers
from kasilabs.whatsapp.models import Instance
from plugins import registry, signing_secrets
from plugins.models import SigningSecret

ACTOR = audit.Actor.command("demo")
EXAMPLES = settings.BASE_DIR / "docs" / "examples"


def seed() -> dict[str, Any]:
    """Makes or finds everything, keeps the credentials in demo.json, and returns what the command `demo` prints."""
    with demo_file.locked():
        known = demo_file.read()
        firm, rival = _firm(KASI_LEGAL, known), _firm(RIVAL_LAW, known.get("rival", {}))
        document = {
            "publicUrl": settings.PUBLIC_URL,
            **firm,
            "users": [*firm["users"], _reviewer(known)],
            "installations": [_installation(sample) for sample in SAMPLES],
            "rival": {**rival, "installations": []},
        }
        demo_file.update(document)
    return document


def _firm(firm: Firm, known: dict[str, Any]) -> dict[str, Any]:
    organization, _is_new = Organization.objects.get_or_create(slug=firm.slug, defaults={"name": firm.name})
    keys = {instance["id"]: instance["agentKey"] for instance in known.get("instances", [])}
    return {
        "organization": {"id": organization.public_id, "slug": organization.slug},
        "users": [_member(organization, person, _known_password(known, person)) for person in firm.people],
        "instances": [_instance(organization, number, keys) for number in firm.numbers],
    }


def _member(organization: Organization, person: Employee, password: str | None) -> dict[str, Any]:
    if not Member.objects.filter(organization=organization, user__email=person.email).exists():
        members.add(
            organization=organization, email=person.email, name=person.name, role=person.role, by=None, actor=ACTOR
        )
    user = User.objects.get(email=person.email)
    return {
        "email": person.email,
        "password": _working_password(user, password),
        "role": person.role.value,
        "organization": organization.slug,
    }


def _reviewer(known: dict[str, Any]) -> dict[str, Any]:
    user = User.objects.filter(email=REVIEWER.email).first()
    user = user or User.objects.create_user(REVIEWER.email, name=REVIEWER.name, is_reviewer=True)
    password = _working_password(user, _known_password(known, REVIEWER))
    return {"email": REVIEWER.email, "password": password, "role": "reviewer", "organization": None}


def _known_password(known: dict[str, Any], person: Person) -> str | None:
    passwords: dict[str, str] = {user["email"]: user["password"] for user in known.get("users", [])}
    return passwords.get(person.email)


def _working_password(user: User, password: str | None) -> str:
    """Returns `password` if the person can sign in with it; else sets it, or a new one, and returns that."""
    if password and user.check_password(password):
        return password
    password = password or secrets.token_urlsafe(12)
    user.set_password(password)
    user.save(update_fields=["password"])
    return password


def _instance(organization: Organization, number: Number, keys: dict[str, str]) -> dict[str, str]:
    instance = Instance.objects.filter(number=number.number).first()
    if instance is None:
        given = numbers.Settings(number.name, number.number, number.prompt)
        instance = numbers.add(organization=organization, settings=given, actor=ACTOR)
        for member in organization.members.filter(user__email__in=number.answerers):
            chat_answerers.add(instance=instance, member=member, actor=ACTOR)
    key = keys.get(instance.public_id, "")
    if agent_keys.find(key, timezone.now()) is None:
        key = agent_keys.rotate(instance=instance, actor=ACTOR).text
    return {"id": instance.public_id, "name": instance.name, "agentKey": key}


def _installation(sample: Sample) -> dict[str, Any]:
    """Returns an installation with the secrets its plugin signs with and is signed for.

    To print them counts as showing them: the dashboard does not show them once more.
    """
    organization = Organization.objects.get(slug=KASI_LEGAL.slug)
    present = organization.installations.not_removed().filter(plugin__slug=sample.slug, mode=Mode.SANDBOX).first()
    installation = present or _set_up(organization, sample)
    plugin, mode = installation.plugin, Mode(installation.mode)
    signing_secrets.show_once(plugin=plugin, mode=mode, actor=ACTOR)
    tool = cast(SigningSecret, signing_secrets.choose_signer(plugin.signing_secrets.live().filter(mode=mode)))
    bridge = plugin.signing_secrets.get_current(mode, SigningSecret.Purpose.BRIDGE)
    return {
        "id": installation.public_id,
        "plugin": plugin.slug,
        "mode": mode.value,
        "toolSecret": tool.reveal(),
        "bridgeSecret": bridge.reveal(),
        "kid": {"tool": tool.kid, "bridge": bridge.kid},
    }


def _set_up(organization: Organization, sample: Sample) -> Installation:
    raw = (EXAMPLES / sample.folder / "manifest.json").read_bytes()
    version = registry.add_version(organization=organization, actor=ACTOR, raw=raw).version
    plan = InstallPlan(
        organization=organization,
        version=version,
        mode=Mode.SANDBOX,
        settings=read_settings(version.manifest.configuration, sample.values, sample.secrets),
        numbers=list(organization.instances.filter(name__in=sample.numbers)),
        permissions=[permission.key for permission in version.manifest.permissions],
        toolkits=sample.toolkits,
    )
    return set_up_plugin(plan, user=None, actor=ACTOR).installation
