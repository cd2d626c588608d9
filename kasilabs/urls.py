"""The whole map on one page."""

from django.urls import URLPattern, URLResolver, include, path

from kasilabs.dashboard import views
from kasilabs.demo import views as demo_views
from kasilabs.process import views as process_views

organization: list[URLPattern | URLResolver] = [
    path("", views.overview, name="overview"),
    path("members/", include("kasilabs.accounts.urls")),
    path("numbers/", include("kasilabs.whatsapp.urls")),
    path("developer/", include("plugins.urls")),
    path("installations/", include("installations.urls")),
    path("", include("grants.urls")),
    path("", include("kasilabs.calls.urls")),
    path("logs/", include("kasilabs.logs.urls")),
    path("payments/", include("kasilabs.toolkits.payments.urls")),
    path("orders/", include("kasilabs.toolkits.orders.urls")),
    path("escalations/", include("kasilabs.toolkits.escalations.urls")),
    path("customers/", include("installations.customer_urls")),
    path("dead-letters/", include("kasilabs.dashboard.dead_letters.urls")),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("o/<slug:org>/", include(organization)),
    path("accounts/demo/", demo_views.sign_in, name="demo_sign_in"),
    path("accounts/", include("allauth.urls")),
    path("invitations/", include("kasilabs.accounts.invitations.urls")),
    path("notices/", include("kasilabs.accounts.notices.urls")),
    path("platform/dead-letters/", include("kasilabs.dashboard.dead_letters.platform_urls")),
    path("agent/v1/", include("kasilabs.agent.urls")),
    path("bridges/v1/", include("bridges.urls")),
    path("schemas/manifest-v1.json", views.manifest_schema, name="manifest_schema"),
    path("components/", views.components, name="components"),
    path("healthz", process_views.healthz, name="healthz"),
    path("readyz", process_views.readyz, name="readyz"),
]

handler400 = "kasilabs.dashboard.errors.bad_request"
handler403 = "kasilabs.dashboard.errors.forbidden"
handler404 = "kasilabs.dashboard.errors.not_found"
handler429 = "kasilabs.dashboard.errors.too_many"
handler500 = "kasilabs.dashboard.errors.server_error"
