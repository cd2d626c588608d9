"""Every action that does something, by its name: a worker finds what it has to finish."""

from bridges.actions import escalations, orders, payments

COMMANDS = {
    command.name: command
    for command in (
        payments.INITIATE,
        payments.REFUND,
        orders.CREATE,
        orders.REQUEST_AFTER_SALE,
        escalations.CREATE,
        escalations.ASSIGN,
    )
}
