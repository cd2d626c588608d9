"""Who and what the demo consists of."""

from dataclasses import dataclass

from kasilabs.accounts.permissions import Role
from kasilabs.toolkits.catalogue import Toolkit


@dataclass(frozen=True)
class Person:
    """Somebody of the demo; `title` is what they are, after a comma."""

    email: str
    name: str
    title: str


@dataclass(frozen=True)
class Employee(Person):
    """Somebody who belongs to an organization."""

    role: Role


@dataclass(frozen=True)
class Number:
    """A WhatsApp number with what its agent is told, and by email who answers its chats."""

    name: str
    number: str
    prompt: str
    answerers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Firm:
    """An organization with its people and numbers."""

    slug: str
    name: str
    people: tuple[Employee, ...]
    numbers: tuple[Number, ...]


@dataclass(frozen=True)
class Sample:
    """A sample plugin: its folder in docs/examples, its host, how it is configured, and on which numbers it runs.

    `toolkits` are granted there with it.
    """

    slug: str
    folder: str
    host: str
    values: tuple[str, ...]
    secrets: tuple[str, ...]
    numbers: tuple[str, ...]
    toolkits: tuple[Toolkit, ...] = ()


LEGAL = Number(
    "Legal Consultations",
    "+254700000141",
    "You answer for Kasi Legal. Open a support ticket when a client reports a problem.",
    ("achieng@kasilegal.example",),
)
BILLING = Number("Billing Support", "+254700000142", "You answer questions about invoices of Kasi Legal.")
FRONT_DESK = Number("Rival Front Desk", "+254700000243", "You answer for Rival Law.")

KASI_LEGAL = Firm(
    "kasi-legal",
    "Kasi Legal",
    (
        Employee("wanjiru@kasilegal.example", "Wanjiru", "owner", Role.OWNER),
        Employee("kiprono@kasilegal.example", "Kiprono", "admin", Role.ADMIN),
        Employee("atieno@kasilegal.example", "Atieno", "developer", Role.DEVELOPER),
        Employee("achieng@kasilegal.example", "Achieng", "operator", Role.OPERATOR),
        Employee("mwende@kasilegal.example", "Mwende", "viewer", Role.VIEWER),
    ),
    (LEGAL, BILLING),
)
RIVAL_LAW = Firm(
    "rival-law",
    "Rival Law",
    (Employee("otieno@rivallaw.example", "Otieno", "owner of Rival Law", Role.OWNER),),
    (FRONT_DESK,),
)
REVIEWER = Person("reviewer@kasilabs.example", "Njeri", "reviewer")
PEOPLE = (*KASI_LEGAL.people, REVIEWER, *RIVAL_LAW.people)

SAMPLES = (
    Sample(
        slug="SUPPORT_DESK",
        folder="support_desk",
        host="support-desk.localhost",
        values=("defaultQueue=billing",),
        secrets=("apiKey=demo-support-desk-key-7F2Q",),
        numbers=(LEGAL.name,),
    ),
    Sample(
        slug="GAS_OS",
        folder="gas_os",
        host="gas-os.localhost",
        values=(),
        secrets=(),
        numbers=(LEGAL.name, BILLING.name),
        toolkits=(Toolkit.PAYMENTS,),
    ),
)
