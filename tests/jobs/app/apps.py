from django.apps import AppConfig


class ParcelsConfig(AppConfig):
    """An app with due rows of its own, for tests only."""

    name = "tests.jobs.app"
    label = "parcels"

    def ready(self) -> None:
        from kasilabs.jobs import sources  # noqa: PLC0415  models need loaded apps
        from tests.jobs.app import deliver, models  # noqa: PLC0415

        sources.register(
            sources.Source(
                name="parcels",
                label="Parcels",
                model=models.Parcel,
                handle=deliver.deliver,
                most_attempts=20,
                describe=lambda parcel: f"Parcel for {parcel.address}",
                organization="organization",
            )
        )
