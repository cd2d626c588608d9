from django.urls import path

from installations import views

app_name = "customers"
urlpatterns = [path("<str:alias>/", views.customer, name="detail")]
