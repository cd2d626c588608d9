from django.urls import path

from grants.install import views as views_install
from grants.install import views_removal
from grants.matrix import views, views_explain
from grants.numbers import views as views_numbers
from grants.toolkits import views as views_toolkits

app_name = "grants"
urlpatterns = [
    path("grants/", views.matrix, name="matrix"),
    path("grants/cells/", views.set_cell, name="set_cell"),
    path("grants/grant/", views.grant, name="grant"),
    path("grants/take-back/", views.revoke, name="revoke"),
    path("grants/explain/", views_explain.explain, name="explain"),
    path("installations/<str:installation>/access/", views.installation_access, name="installation_access"),
    path("installations/<str:installation>/remove/", views_removal.remove, name="remove"),
    path("installations/new/<slug:slug>/", views_install.start, name="install"),
    path("installations/new/<slug:slug>/permissions/", views_install.permissions, name="install_permissions"),
    path("installations/new/<slug:slug>/numbers/", views_install.numbers, name="install_numbers"),
    path("installations/new/<slug:slug>/configuration/", views_install.configuration, name="install_configuration"),
    path(
        "installations/new/<slug:slug>/configuration/fields/<slug:name>/",
        views_install.check_field,
        name="install_check_field",
    ),
    path("toolkits/", views_toolkits.toolkits, name="toolkits"),
    path("toolkits/<str:toolkit>/install/", views_toolkits.install, name="install_toolkit"),
    path("toolkits/<str:toolkit>/remove/", views_toolkits.remove, name="remove_toolkit"),
    path("numbers/<str:number>/tools/", views_numbers.number_tools, name="number_tools"),
    path("numbers/<str:number>/toolkits/", views_toolkits.number_toolkits, name="number_toolkits"),
    path("numbers/<str:number>/toolkits/<str:toolkit>/grant/", views_toolkits.grant, name="grant_toolkit"),
    path("numbers/<str:number>/toolkits/<str:toolkit>/take-back/", views_toolkits.revoke, name="revoke_toolkit"),
]
