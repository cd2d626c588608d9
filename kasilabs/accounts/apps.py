from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "kasilabs.accounts"

    def ready(self) -> None:
        # Registering needs loaded models.
        from kasilabs.accounts import models, outbox  # noqa: PLC0415
        from kasilabs.accounts.notices import kinds  # noqa: PLC0415
        from kasilabs.jobs import sources  # noqa: PLC0415

        sources.register(
            sources.Source(
                name="mail",
                label=_("Mails"),
                model=models.OutgoingMail,
                handle=outbox.send,
                most_attempts=outbox.MOST_ATTEMPTS,
                describe=outbox.describe,
                organization="organization",
            )
        )
        kinds.register(
            kinds.Kind(
                name="sign_in_warning",
                label=_("Somebody tries to sign in as you"),
                sentence=_(
                    "Many wrong passwords were entered for your account, the last one from %(address)s. Nobody got in, "
                    "and the devices you signed in with before still let you in."
                ),
            )
        )
