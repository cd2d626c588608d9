from django.urls import path

from kasilabs.toolkits.escalations import views

app_name = "escalations"
urlpatterns = [
    path("", views.list_escalations, name="list"),
    path("<str:escalation>/", views.detail, name="detail"),
    path("<str:escalation>/take/", views.take, name="take"),
    path("<str:escalation>/put-back/", views.put_back, name="put_back"),
    path("<str:escalation>/assign/", views.assign, name="assign"),
    path("<str:escalation>/resolve/", views.resolve, name="resolve"),
]
