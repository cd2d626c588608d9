from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ToolkitsConfig(AppConfig):
    name = "kasilabs.toolkits"

    def ready(self) -> None:
        # Registering needs loaded models.
        from kasilabs.accounts.notices import kinds as notice_kinds  # noqa: PLC0415
        from kasilabs.jobs import sources  # noqa: PLC0415
        from kasilabs.toolkits import providers  # noqa: PLC0415
        from kasilabs.toolkits.effects import kinds, perform  # noqa: PLC0415
        from kasilabs.toolkits.effects.models import Effect  # noqa: PLC0415
        from kasilabs.toolkits.escalations import notices  # noqa: PLC0415
        from kasilabs.toolkits.payments import settlement  # noqa: PLC0415
        from kasilabs.toolkits.providers import cash, ledger  # noqa: PLC0415

        providers.register(ledger.Ledger())
        providers.register(cash.Cash())
        kinds.register(settlement.PAYMENT)
        kinds.register(settlement.REFUND)
        notice_kinds.register(notices.ARRIVED)
        notice_kinds.register(notices.GIVEN)
        sources.register(
            sources.Source(
                name="effects",
                label=_("Payments and refunds at their provider"),
                model=Effect,
                handle=perform.handle,
                most_attempts=None,
                describe=str,
                organization="organization",
            )
        )
