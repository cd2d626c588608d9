"""The provider of the sandbox: it moves nothing, and says at once that it did."""

from kasilabs.lib.states import Mode
from kasilabs.toolkits.providers.base import Answer, Capabilities, Provider, Status, Transfer


class Ledger(Provider[Transfer]):
    name = "ledger"
    capabilities = Capabilities(modes=frozenset({Mode.SANDBOX}), dedups_by_ref=True, queryable_by_ref=True)

    def dispatch(self, request: Transfer, *, timeout: float) -> Answer:  # noqa: ARG002  it waits for nobody
        return Answer(Status.SETTLED, receipt=request.reference, amount=request.amount)

    def query(self, request: Transfer, *, timeout: float) -> Answer:
        return self.dispatch(request, timeout=timeout)
