from django.apps import AppConfig


class KasilabsConfig(AppConfig):
    name = "kasilabs"

    def ready(self) -> None:
        from kasilabs import checks  # noqa: F401, PLC0415  registering needs loaded settings
