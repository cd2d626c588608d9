from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "kasilabs.jobs"

    def ready(self) -> None:
        from kasilabs.jobs import duties, models, sources  # noqa: PLC0415  models need loaded apps

        sources.register(
            sources.Source(
                name="duties",
                label=_("Regular duties"),
                model=models.DutyRow,
                handle=duties.perform,
                most_attempts=None,
                lease_seconds=duties.LEASE_SECONDS,
                describe=duties.label,
                errors={"unknown_duty": _("This version of the platform does not know the duty any more.")},
            )
        )
