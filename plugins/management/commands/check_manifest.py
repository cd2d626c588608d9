from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from kasilabs.lib.commands import JsonCommand
from plugins import registry
from plugins.manifest import checklist, source
from plugins.manifest.checks.errors import BadManifest


class Command(JsonCommand):
    help = "Check a manifest under this platform's rules, and say how well it is designed. Nothing is saved."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("manifest", metavar="FILE|URL")

    def run(self, **options: Any) -> dict[str, object]:
        try:
            manifest = registry.parse_manifest(source.read(options["manifest"]))
        except BadManifest as error:
            raise error.as_refusal() from error
        return {
            "valid": True,
            "slug": manifest.slug,
            "version": manifest.version,
            "digest": manifest.digest,
            "checklist": [asdict(item) for item in checklist.judge(manifest)],
        }
