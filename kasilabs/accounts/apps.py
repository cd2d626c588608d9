from operator import attrgetter

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "kasilabs.accounts"

    def ready(self) -> None:
        # Registering needs loaded models.
        from kasilabs.accounts import models, outbox, password_links, sign_in_warnings  # noqa: PLC0415
        from kasilabs.accounts.notices import kinds  # noqa: PLC0415
        from kasilabs.jobs import sources  # noqa: PLC0415

        # The first two are never dead letters, which would keep the next ask of the same address waiting. They write
        # mails, so these are done after them.
        sources.register(
            sources.Source(
                name="password_links",
                label=_("Links for a new password"),
                model=models.PasswordLinkRequest,
                handle=password_links.answer,
                most_attempts=None,
                describe=attrgetter("email"),
            )
        )
        sources.register(
            sources.Source(
                name="sign_in_warnings",
                label=_("Warnings of wrong passwords"),
                model=models.SignInWarning,
                handle=sign_in_warnings.warn,
                most_attempts=None,
                describe=attrgetter("email"),
            )
        )
        sources.register(
            sources.Source(
                name="mail",
                label=_("Mails"),
                model=models.OutgoingMail,
                handle=outbox.send,
                most_attempts=outbox.MOST_ATTEMPTS,
                describe=outbox.describe,
                errors=outbox.ERRORS,
                organization="organization",
            )
        )
        kinds.register(
            kinds.Kind(
                name=sign_in_warnings.KIND,
                label=_("Somebody tries to sign in as you"),
                sentence=_(
                    "%(count)s wrong passwords were entered for your account within an hour, until %(time)s, the last "
                    "one from %(address)s. None of them let anybody in, and the devices you signed in with before "
                    "still let you in. If it was not you, set a new password where the one you have is short or used "
                    "elsewhere, and turn on the second factor."
                ),
            )
        )
