from django.urls import path

from plugins import views

app_name = "plugins"
urlpatterns = [
    path("", views.list_plugins, name="list"),
    path("new/", views.new, name="new"),
    path("<slug:slug>/", views.detail, name="detail"),
    path("<slug:slug>/secrets/", views.show_secrets, name="show_secrets"),
    path("<slug:slug>/<str:semver>/", views.version, name="version"),
    path("<slug:slug>/<str:semver>/manifest.json", views.download, name="download"),
]
