from django.apps import AppConfig


class LogsConfig(AppConfig):
    name = "kasilabs.logs"
