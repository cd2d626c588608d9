from django.urls import path

from kasilabs.logs import views

app_name = "logs"
urlpatterns = [
    path("", views.list_calls, name="list"),
    path("<str:call>/", views.detail, name="detail"),
]
