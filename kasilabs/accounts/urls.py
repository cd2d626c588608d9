from django.urls import path

from kasilabs.accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.list_members, name="members"),
    path("add/", views.add, name="add"),
    path("<uuid:person>/role/", views.change_role, name="change_role"),
    path("<uuid:person>/remove/", views.remove, name="remove"),
    path("invitations/<uuid:invitation>/revoke/", views.revoke_invitation, name="revoke_invitation"),
]
