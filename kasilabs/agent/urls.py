from django.urls import path

from kasilabs.agent.api import api

urlpatterns = [path("", api.urls)]
