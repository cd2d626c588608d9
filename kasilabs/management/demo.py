"""The demo: a law firm with two WhatsApp numbers, a member in every role, and both sample plugins set up.

Every row is made by the functions the dashboard uses. Run again, it finds what is there and prints the same
credentials; what was lost (another data folder, a rotated key) is made anew.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from grants.install import plan as wizard
from grants.install.plan import Plan
from installations.models import Installation
from kasilabs.accounts import audit, members
from kasilabs.accounts.models import Member, Organization, User
from kasilabs.accounts.permissions import Role
from kasilabs.configuration.command_line import read_settings
from kasilabs.lib.states import Mode
from kasilabs.management import demo_file
from kasilabs.whatsapp import agent_keys, numbers
from kasilabs.whatsapp.models import Instance
from plugins import registry, signing_secrets
from plugins.models import SigningSecret

ACTOR = audit.Actor.command("demo")
EXAMPLES = settings.BASE_DIR / "docs" / "examples"
PROMPTS = {
    "Legal Consultations": "You answer for Kasi Legal. Open a support ticket when a client reports a problem.",
    "Billing Support": "You answer questions about invoices of Kasi Legal.",
    "Rival Front Desk": "You answer for Rival Law.",
}


@dataclass(frozen=True)
class Person:
    """Somebody of the demo."""

    email: str
    name: str
    role: Role


@dataclass(frozen=True)
class Firm:
    """An organization of the demo with its people and numbers."""

    slug: str
    name: str
    people: tuple[Person, ...]
    numbers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sample:
    """A sample plugin: its folder, how it is configured, and on which numbers it runs."""

    slug: str
    folder: str
    values: tuple[str, ...]
    secrets: tuple[str, ...]
    numbers: tuple[str, ...]


KASI_LEGAL = Firm(
    "kasi-legal",
    "Kasi Legal",
    (
        Person("wanjiru@kasilegal.example", "Wanjiru", Role.OWNER),
        Person("kiprono@kasilegal.example", "Kiprono", Role.ADMIN),
        Person("atieno@kasilegal.example", "Atieno", Role.DEVELOPER),
        Person("achieng@kasilegal.example", "Achieng", Role.OPERATOR),
        Person("mwende@kasilegal.example", "Mwende", Role.VIEWER),
    ),
    (("Legal Consultations", "+254700000141"), ("Billing Support", "+254700000142")),
)
RIVAL = Firm(
    "rival-law",
    "Rival Law",
    (Person("otieno@rivallaw.example", "Otieno", Role.OWNER),),
    (("Rival Front Desk", "+254700000243"),),
)
REVIEWER = ("reviewer@kasilabs.example", "Njeri")
SAMPLES = (
    Sample(
        "SUPPORT_DESK",
        "support_desk",
        ("defaultQueue=billing",),
        ("apiKey=demo-support-desk-key-7F2Q",),
        ("Legal Consultations",),
    ),
    Sample("GAS_OS", "gas_os", (), (), ("Legal Consultations", "Billing Support")),
)


def seed() -> dict[str, Any]:
    """Make or find everything of the demo, remember its credentials, and return them as contracts, section 6, says."""
    with demo_file.locked():
        known = demo_file.read()
        ours, rival = _firm(KASI_LEGAL, known), _firm(RIVAL, known.get("rival", {}))
        installations = [_sample(sample) for sample in SAMPLES]
        document = {
            "publicUrl": settings.PUBLIC_URL,
            **ours,
            "users": [*ours["users"], _reviewer(known)],
            "installations": installations,
            "rival": {**rival, "installations": []},
        }
        demo_file.update(document)
    return document


def _firm(firm: Firm, known: dict[str, Any]) -> dict[str, Any]:
    organization, _is_new = Organization.objects.get_or_create(slug=firm.slug, defaults={"name": firm.name})
    passwords = {user["email"]: user["password"] for user in known.get("users", [])}
    agent_texts = {instance["id"]: instance["agentKey"] for instance in known.get("instances", [])}
    return {
        "organization": {"id": organization.public_id, "slug": organization.slug},
        "users": [_member(organization, person, passwords.get(person.email)) for person in firm.people],
        "instances": [_instance(organization, *number, agent_texts) for number in firm.numbers],
    }


def _member(organization: Organization, person: Person, password: str | None) -> dict[str, Any]:
    if not Member.objects.filter(organization=organization, user__email=person.email).exists():
        members.add(
            organization=organization, email=person.email, name=person.name, role=person.role, by=None, actor=ACTOR
        )
    user = User.objects.get(email=person.email)
    known = {"email": person.email, "password": _password(user, password)}
    return {**known, "role": person.role.value, "organization": organization.slug}


def _reviewer(known: dict[str, Any]) -> dict[str, Any]:
    email, name = REVIEWER
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name, is_reviewer=True)
    passwords = {each["email"]: each["password"] for each in known.get("users", [])}
    return {"email": email, "password": _password(user, passwords.get(email)), "role": "reviewer", "organization": None}


def _password(user: User, password: str | None) -> str:
    """Return the password that works: the known one, else a new one."""
    if password and user.check_password(password):
        return password
    password = password or secrets.token_urlsafe(12)
    user.set_password(password)
    user.save(update_fields=["password"])
    return password


def _instance(organization: Organization, name: str, number: str, agent_texts: dict[str, str]) -> dict[str, str]:
    instance = Instance.objects.filter(number=number).first()
    if instance is None:
        given = numbers.Settings(name, number, PROMPTS[name])
        instance = numbers.add(organization=organization, settings=given, actor=ACTOR)
    text = agent_texts.get(instance.public_id, "")
    if agent_keys.find(text, timezone.now()) is None:
        text = agent_keys.rotate(instance=instance, actor=ACTOR).text
    return {"id": instance.public_id, "name": instance.name, "agentKey": text}


def _sample(sample: Sample) -> dict[str, Any]:
    organization = Organization.objects.get(slug=KASI_LEGAL.slug)
    present = organization.installations.not_removed().filter(plugin__slug=sample.slug, mode=Mode.SANDBOX).first()
    return described(present or _set_up(organization, sample))


def _set_up(organization: Organization, sample: Sample) -> Installation:
    raw = (EXAMPLES / sample.folder / "manifest.json").read_bytes()
    version = registry.publish(organization=organization, actor=ACTOR, raw=raw).version
    plan = Plan(
        organization=organization,
        version=version,
        mode=Mode.SANDBOX,
        settings=read_settings(version.manifest.configuration, sample.values, sample.secrets),
        numbers=list(organization.instances.filter(name__in=sample.numbers)),
        permissions=[permission.key for permission in version.manifest.permissions],
    )
    return wizard.set_up(plan, user=None, actor=ACTOR).installation


def described(installation: Installation) -> dict[str, Any]:
    """Return an installation as the demo prints it, with the secrets its plugin signs and is signed with.

    Printing counts as showing: the dashboard does not show them once more.
    """
    mode = Mode(installation.mode)
    signing_secrets.show_once(plugin=installation.plugin, mode=mode, actor=ACTOR)
    (tool,) = filter(None, [signing_secrets.signer(signing_secrets.live(installation.plugin, mode))])
    bridge = signing_secrets.current(installation.plugin, mode, SigningSecret.Purpose.BRIDGE)
    return {
        "id": installation.public_id,
        "plugin": installation.plugin.slug,
        "mode": installation.mode,
        "toolSecret": signing_secrets.text(tool),
        "bridgeSecret": signing_secrets.text(bridge),
        "kid": {"tool": tool.kid, "bridge": bridge.kid},
    }
