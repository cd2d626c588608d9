from django.urls import path

from kasilabs.accounts.notices import views

app_name = "notices"
urlpatterns = [
    path("", views.list_notices, name="list"),
    path("read/", views.read_all, name="read_all"),
    path("mails/", views.choose_mails, name="choose_mails"),
    path("<uuid:notice>/read/", views.read, name="read"),
]
