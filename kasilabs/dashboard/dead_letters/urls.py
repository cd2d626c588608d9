from django.urls import path

from kasilabs.dashboard.dead_letters import views

app_name = "dead_letters"
urlpatterns = [
    path("", views.list_dead_letters, name="list"),
    path("<str:job>/retry/", views.retry, name="retry"),
]
