"""Dashboard permissions and the one table from roles to them. This is the gate `user_permission`."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Permission(models.TextChoices):
    """What a member may do. The label completes “You may not …” and names the permission on screen."""

    OVERVIEW_VIEW = "overview.view", _("see the overview")
    NUMBERS_VIEW = "numbers.view", _("see WhatsApp numbers")
    NUMBERS_CHANGE = "numbers.change", _("add and edit WhatsApp numbers")
    NUMBERS_SUSPEND = "numbers.suspend", _("suspend and resume WhatsApp numbers")
    NUMBERS_KEYS = "numbers.keys", _("make and revoke agent keys")
    CHATS_ANSWER = "chats.answer", _("answer the chats of WhatsApp numbers")
    PLUGINS_VIEW = "plugins.view", _("see the plugins of this organization")
    PLUGINS_DEVELOP = "plugins.develop", _("publish plugins and hold their signing secrets")
    INSTALLATIONS_VIEW = "installations.view", _("see installed plugins")
    INSTALLATIONS_INSTALL = "installations.install", _("install plugins")
    INSTALLATIONS_CONFIGURE = "installations.configure", _("change the configuration of plugins")
    INSTALLATIONS_SECRETS = "installations.secrets", _("replace the secrets of plugins")
    INSTALLATIONS_SUSPEND = "installations.suspend", _("suspend and resume plugins")
    INSTALLATIONS_REMOVE = "installations.remove", _("remove live plugins")
    INSTALLATIONS_REMOVE_SANDBOX = "installations.remove_sandbox", _("remove plugins from the sandbox")
    GRANTS_VIEW = "grants.view", _("see what a number may use")
    GRANTS_CHANGE = "grants.change", _("change what a number may use")
    TOOLKITS_CHANGE = "toolkits.change", _("change the toolkits of the organization")
    LOGS_VIEW = "logs.view", _("read plugin logs")
    PAYMENTS_VIEW = "payments.view", _("see payments")
    PAYMENTS_SETTLE = "payments.settle", _("ask a provider again, and say how a payment ended")
    ORDERS_VIEW = "orders.view", _("see orders")
    ORDERS_CHANGE = "orders.change", _("confirm, fulfil and cancel orders, and answer what follows them")
    CUSTOMERS_VIEW = "customers.view", _("see what there is of a customer")
    CUSTOMERS_PHONE = "customers.phone", _("find payments by the phone number of a customer")
    JOBS_RETRY = "jobs.retry", _("see and retry later work that failed")
    MEMBERS_VIEW = "members.view", _("see the people of this organization")
    MEMBERS_CHANGE = "members.change", _("add people and change their roles")
    OWNERSHIP = "organization.own", _("own the organization")


class Role(models.TextChoices):
    """The normal jobs in an organization."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    DEVELOPER = "developer", _("Developer")
    OPERATOR = "operator", _("Operator")
    VIEWER = "viewer", _("Viewer")


_P = Permission
_VIEWER = frozenset({_P.OVERVIEW_VIEW, _P.NUMBERS_VIEW, _P.PLUGINS_VIEW, _P.INSTALLATIONS_VIEW, _P.GRANTS_VIEW})
_OPERATOR = _VIEWER | {
    _P.LOGS_VIEW,
    _P.MEMBERS_VIEW,
    _P.NUMBERS_SUSPEND,
    _P.CHATS_ANSWER,
    _P.INSTALLATIONS_SUSPEND,
    _P.JOBS_RETRY,
    _P.PAYMENTS_VIEW,
    _P.ORDERS_VIEW,
    _P.ORDERS_CHANGE,
    _P.CUSTOMERS_VIEW,
    _P.CUSTOMERS_PHONE,
}
_DEVELOPER = _VIEWER | {
    _P.LOGS_VIEW,
    _P.MEMBERS_VIEW,
    _P.PLUGINS_DEVELOP,
    _P.INSTALLATIONS_INSTALL,
    _P.INSTALLATIONS_CONFIGURE,
    _P.INSTALLATIONS_SECRETS,
    _P.INSTALLATIONS_REMOVE_SANDBOX,
}
_OWNER = frozenset(Permission)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: _OWNER,
    Role.ADMIN: _OWNER - {_P.OWNERSHIP},
    Role.DEVELOPER: _DEVELOPER,
    Role.OPERATOR: _OPERATOR,
    Role.VIEWER: _VIEWER,
}
