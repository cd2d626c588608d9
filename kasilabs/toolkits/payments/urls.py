from django.urls import path

from kasilabs.toolkits.payments import views

app_name = "payments"
urlpatterns = [
    path("", views.list_payments, name="list"),
    path("<str:payment>/", views.detail, name="detail"),
    path("<str:payment>/ask/", views.ask, name="ask"),
    path("<str:payment>/mark-paid/", views.mark_settled, name="mark_settled"),
    path("<str:payment>/mark-failed/", views.mark_failed, name="mark_failed"),
    path("<str:payment>/refunds/<str:refund>/ask/", views.ask, name="ask_refund"),
    path("<str:payment>/refunds/<str:refund>/mark-refunded/", views.mark_settled, name="mark_refund_settled"),
    path("<str:payment>/refunds/<str:refund>/mark-failed/", views.mark_failed, name="mark_refund_failed"),
]
