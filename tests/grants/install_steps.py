"""What the tests of the install steps share: the pages, a form that is sound, and the first two steps done."""

from django.test import Client

from grants.models import OrganizationToolkit, PluginGrant
from installations.models import Installation, InstallationSecret
from tests.support.visits import send

PAGE = "/o/kasi-legal/installations/new/SUPPORT_DESK/"
CANARY = "sk-canary-4417-zulu-9Q2X"
SOUND = {"defaultQueue": "billing", "apiKey": CANARY, "apiKey__action": "replace"}


def choose(client: Client, numbers: list[str], *permissions: str, toolkits: tuple[str, ...] = ()) -> None:
    """Save the first two steps."""
    assert send(client, PAGE + "permissions/", {"permissions": permissions})["Location"] == PAGE + "numbers/"
    answer = send(client, PAGE + "numbers/", {"numbers": numbers, "toolkits": toolkits})
    assert answer["Location"] == PAGE + "configuration/"


def nothing_was_installed() -> bool:
    counts = [rows.objects.count() for rows in (Installation, PluginGrant, InstallationSecret, OrganizationToolkit)]
    return counts == [0, 0, 0, 0]
