from django.apps import AppConfig


class TillConfig(AppConfig):
    """A provider over HTTP in five makes, for tests only: each knows a lost answer in its own way, or not at all."""

    name = "tests.toolkits.app"
    label = "till"

    def ready(self) -> None:
        from kasilabs.toolkits import providers  # noqa: PLC0415  providers need loaded apps
        from tests.toolkits.app.till import Till  # noqa: PLC0415

        for dedups in (True, False):
            for is_queryable in (True, False):
                providers.register(Till(dedups=dedups, is_queryable=is_queryable))
        providers.register(Till(dedups=False, is_queryable=True, is_signed=False))
