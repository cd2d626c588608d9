from django.urls import path

from installations import views

app_name = "installations"
urlpatterns = [
    path("", views.list_installations, name="list"),
    path("<str:installation>/", views.detail, name="detail"),
    path("<str:installation>/configuration/", views.configure, name="configuration"),
    path("<str:installation>/configuration/fields/<slug:name>/", views.check_field, name="check_field"),
    path("<str:installation>/suspend/", views.suspend, name="suspend"),
    path("<str:installation>/resume/", views.resume, name="resume"),
]
