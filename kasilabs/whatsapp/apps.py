from django.apps import AppConfig


class WhatsAppConfig(AppConfig):
    name = "kasilabs.whatsapp"
