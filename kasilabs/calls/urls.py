from django.urls import path

from kasilabs.calls.console import views

app_name = "calls"
urlpatterns = [
    path("installations/new/<slug:slug>/test/", views.try_out, name="install_test"),
]
