from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser

from kasilabs.demo import demo_file, seed
from kasilabs.demo.scenario import SAMPLES
from kasilabs.lib.commands import JsonCommand
from kasilabs.lib.refusal import Refused

DEFAULT_ADDRESSES = {"support-desk.localhost": "127.0.0.1:8101", "gas-os.localhost": "127.0.0.1:8102"}
"""Where the samples answer when nobody said otherwise: host → address and port."""


class Command(JsonCommand):
    help = "Make the demo, or find it, and print its credentials."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--plugin-url",
            action="append",
            default=[],
            metavar="SLUG=URL",
            help="Where a sample plugin answers; only host and port are used.",
        )

    def run(self, **options: Any) -> dict[str, Any]:
        if not settings.DEMO:
            raise Refused("not_a_demo", "This is not a demo: set DEMO=1, and keep PUBLIC_URL on this machine.")
        with demo_file.locked():
            known = demo_file.read().get("pluginAddresses", {})
            addresses = DEFAULT_ADDRESSES | known | _addresses(options["plugin_url"])
            hosts = [f"{name}={address}" for name, address in sorted(addresses.items())]
            demo_file.update({"pluginAddresses": addresses, "pluginHosts": hosts})
            call_command("migrate", verbosity=0)
        return seed.seed()


def _addresses(plugin_urls: Iterable[str]) -> dict[str, str]:
    """Returns the addresses in the values of --plugin-url, by the host of the sample. Raises Refused."""
    hosts = {sample.slug: sample.host for sample in SAMPLES}
    addresses = {}
    for text in plugin_urls:
        slug, _, url = text.partition("=")
        parts = urlsplit(url)
        if slug not in hosts or not parts.hostname:
            raise Refused("bad_plugin_url", f"Write SUPPORT_DESK=http://127.0.0.1:9001; {text!r} cannot be read.")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        addresses[hosts[slug]] = f"{address}:{port}"
    return addresses
