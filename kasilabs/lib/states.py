"""The enumerations that tables of several apps share."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Mode(models.TextChoices):
    """How an installation runs, and every call, secret and grant of it."""

    SANDBOX = "sandbox", _("Sandbox")
    LIVE = "live", _("Live")
