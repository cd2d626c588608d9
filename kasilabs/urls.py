"""The whole map on one page."""

from django.urls import URLPattern, URLResolver, include, path

from kasilabs import views

organization: list[URLPattern | URLResolver] = [
    path("", views.overview, name="overview"),
    path("members/", include("kasilabs.accounts.urls")),
    path("numbers/", include("kasilabs.whatsapp.urls")),
    path("developer/", include("plugins.urls")),
    path("installations/", include("installations.urls")),
    path("", include("grants.urls")),
    path("logs/", include("kasilabs.logs.urls")),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("o/<slug:org>/", include(organization)),
    path("accounts/", include("allauth.urls")),
    path("agent/v1/", include("kasilabs.agent.urls")),
    path("schemas/manifest-v1.json", views.manifest_schema, name="manifest_schema"),
    path("components/", views.components, name="components"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]

handler400 = "kasilabs.views.bad_request"
handler403 = "kasilabs.views.forbidden"
handler404 = "kasilabs.views.not_found"
handler429 = "kasilabs.views.too_many"
handler500 = "kasilabs.views.server_error"
