from typing import Any

from django.core.management.base import BaseCommand

from kasilabs.jobs import worker


class Command(BaseCommand):
    help = "Do what is due, beside the web server, until SIGTERM or Ctrl-C."
    # What the web server checks. Django's own checks would load every page, half as much memory again.
    requires_system_checks = ["kasilabs"]

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        worker.work()
