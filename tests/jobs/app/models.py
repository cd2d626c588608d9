from django.db import models

from kasilabs.accounts.models import Organization
from kasilabs.jobs.models import DueRow


class Parcel(DueRow):
    """Work of the tests; what happens to it says its address."""

    address = models.CharField(max_length=40, default="Ngong Road 1")
    organization = models.ForeignKey(Organization, null=True, on_delete=models.CASCADE)

    class Meta(DueRow.Meta):
        pass


class Delivery(models.Model):
    """That a parcel was delivered. Nothing in the table refuses a second delivery, so that a test would see it."""

    parcel_id = models.UUIDField()
    attempt = models.PositiveIntegerField()
    process = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.parcel_id} by {self.process}"
