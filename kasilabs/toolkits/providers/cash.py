"""Money from hand to hand: somebody confirms on the payment's page that it changed hands."""

from kasilabs.lib.states import Mode
from kasilabs.toolkits.providers.base import Answer, Capabilities, Provider, Status, Transfer


class Cash(Provider[Transfer]):
    name = "cash"
    capabilities = Capabilities(modes=frozenset({Mode.LIVE}), dedups_by_ref=True)

    def dispatch(self, request: Transfer, *, timeout: float) -> Answer:  # noqa: ARG002  there is nobody to ask
        return Answer(Status.PENDING, code="awaits_person")

    def query(self, request: Transfer, *, timeout: float) -> Answer:
        return self.dispatch(request, timeout=timeout)
