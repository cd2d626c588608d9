from django.urls import path

from kasilabs.accounts.invitations import views

app_name = "invitations"
urlpatterns = [
    path("<slug:token>/", views.show, name="show"),
    path("<slug:token>/accept/", views.accept, name="accept"),
    path("<slug:token>/register/", views.register, name="register"),
]
