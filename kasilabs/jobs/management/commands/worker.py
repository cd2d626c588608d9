from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kasilabs.jobs import bell, worker


class Command(BaseCommand):
    help = "Do what is due, beside the web server, until SIGTERM or Ctrl-C."
    # What the web server checks. Django's own checks would load every page, half as much memory again.
    requires_system_checks = ["kasilabs"]

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        try:
            bell.huey()
        except Exception as error:
            raise CommandError(f"JOBS_URL cannot be reached ({type(error).__name__}).", returncode=1) from error
        worker.work()
