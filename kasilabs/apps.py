from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KasilabsConfig(AppConfig):
    name = "kasilabs"

    def ready(self) -> None:
        # Registering needs loaded settings and models.
        from kasilabs import checks  # noqa: F401, PLC0415
        from kasilabs.jobs import duties  # noqa: PLC0415
        from kasilabs.management.prune import prune  # noqa: PLC0415

        duties.register(duties.Duty(name="prune", label=_("Delete what has expired"), perform=prune))
