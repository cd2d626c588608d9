from django.urls import path

from kasilabs.dashboard.dead_letters import views

app_name = "platform_dead_letters"
urlpatterns = [
    path("", views.list_of_platform, name="list"),
    path("<str:job>/retry/", views.retry_of_platform, name="retry"),
]
