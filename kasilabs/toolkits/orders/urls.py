from django.urls import path

from kasilabs.toolkits.orders import views

app_name = "orders"
urlpatterns = [
    path("", views.list_orders, name="list"),
    path("<str:order>/", views.detail, name="detail"),
    path("<str:order>/confirm/", views.confirm, name="confirm"),
    path("<str:order>/fulfil/", views.fulfil, name="fulfil"),
    path("<str:order>/cancel/", views.cancel, name="cancel"),
    path("<str:order>/after-sale/<str:after_sale_request>/accept/", views.accept, name="accept"),
    path("<str:order>/after-sale/<str:after_sale_request>/decline/", views.decline, name="decline"),
    path("<str:order>/after-sale/<str:after_sale_request>/close/", views.close, name="close"),
]
