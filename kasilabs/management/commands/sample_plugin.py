import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kasilabs.demo import demo_file
from kasilabs.demo.scenario import SAMPLES
from kasilabs.demo.seed import EXAMPLES


class Command(BaseCommand):
    help = "Serve a sample plugin's tool endpoint as a process of its own; its source is in docs/examples/."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", choices=[sample.slug for sample in SAMPLES])
        parser.add_argument("--port", type=int, required=True)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Replaces this process by the plugin, which gets nothing of ours but its two secrets and our address."""
        if not settings.DEMO:
            raise CommandError("This is not a demo: set DEMO=1.", returncode=1)
        sample = next(sample for sample in SAMPLES if sample.slug == options["slug"])
        script = EXAMPLES / sample.folder / "plugin.py"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        os.execve(  # noqa: S606
            sys.executable,
            [sys.executable, str(script), str(options["port"])],
            {**kept, "PYTHONUNBUFFERED": "1", **_secrets(sample.slug)},
        )


def _secrets(slug: str) -> dict[str, str]:
    """Returns the variables a sample reads, from the environment or else from demo.json. Raises CommandError."""
    known = demo_file.read()
    installations: list[dict[str, Any]] = known.get("installations", [])
    installation = next((each for each in installations if each["plugin"] == slug), {})
    values = {
        "PLUGIN_TOOL_SECRET": os.environ.get("PLUGIN_TOOL_SECRET") or installation.get("toolSecret"),
        "PLUGIN_BRIDGE_SECRET": os.environ.get("PLUGIN_BRIDGE_SECRET") or installation.get("bridgeSecret"),
        "PLATFORM_URL": os.environ.get("PLATFORM_URL") or known.get("publicUrl") or settings.PUBLIC_URL,
    }
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise CommandError(f"{', '.join(missing)} is not set and demo.json does not know it.", returncode=1)
    return {name: str(value) for name, value in values.items()}
