"""Plugin to platform: one signed endpoint for each narrow action, under /bridges/v1/."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class BridgesConfig(AppConfig):
    name = "bridges"

    def ready(self) -> None:
        # Registering needs loaded models.
        from bridges import resume  # noqa: PLC0415
        from bridges.models import BridgeCall  # noqa: PLC0415
        from kasilabs.jobs import sources  # noqa: PLC0415
        from kasilabs.toolkits.effects import permits  # noqa: PLC0415

        permits.register(resume.refusal)
        sources.register(
            sources.Source(
                name="bridge_calls",
                label=_("Bridge calls that a process left behind"),
                model=BridgeCall,
                handle=resume.resume,
                lease_seconds=settings.BRIDGE_LEASE_SECONDS,
                describe=resume.describe,
                errors=resume.ERRORS,
                organization="organization",
            )
        )
