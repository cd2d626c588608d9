from django.urls import path

from kasilabs.whatsapp import views

app_name = "whatsapp"
urlpatterns = [
    path("", views.list_numbers, name="list"),
    path("new/", views.add, name="add"),
    path("<str:number>/", views.detail, name="detail"),
    path("<str:number>/edit/", views.edit, name="edit"),
    path("<str:number>/suspend/", views.suspend, name="suspend"),
    path("<str:number>/resume/", views.resume, name="resume"),
    path("<str:number>/answerers/add/", views.add_answerer, name="add_answerer"),
    path("<str:number>/answerers/<uuid:person>/remove/", views.remove_answerer, name="remove_answerer"),
    path("<str:number>/keys/new/", views.issue_key, name="issue_key"),
    path("<str:number>/keys/<uuid:key>/rotate/", views.rotate_key, name="rotate_key"),
    path("<str:number>/keys/<uuid:key>/revoke/", views.revoke_key, name="revoke_key"),
]
