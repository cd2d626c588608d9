from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser

from kasilabs.lib.commands import JsonCommand
from kasilabs.lib.refusal import Refused
from kasilabs.management import demo, demo_file

HOSTS = {"SUPPORT_DESK": "support-desk.localhost", "GAS_OS": "gas-os.localhost"}


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
            _remember_addresses(options["plugin_url"])
            call_command("migrate", verbosity=0)
        return demo.seed()


def _remember_addresses(given: list[str]) -> None:
    known = demo_file.read().get("pluginAddresses", {})
    addresses = {name: f"127.0.0.1:{port}" for name, port in demo_file.PORTS.items()} | known
    for text in given:
        slug, _, url = text.partition("=")
        parts = urlsplit(url)
        if slug not in HOSTS or not parts.hostname:
            raise Refused("bad_plugin_url", f"Write SUPPORT_DESK=http://127.0.0.1:9001; {text!r} cannot be read.")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        addresses[HOSTS[slug]] = f"{host}:{port}"
    demo_file.update({"pluginAddresses": addresses, "pluginHosts": demo_file.hosts(addresses)})
