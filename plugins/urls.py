from django.urls import URLPattern

app_name = "plugins"
urlpatterns: list[URLPattern] = []
