"""gunicorn: a few processes, each with threads, because a tool call mostly waits for a plugin."""

import os
import sys

import django

from kasilabs import environment
from kasilabs.lib import child_processes
from kasilabs.process import system_checks, web_server

try:
    env = environment.read()
except environment.BadSettings as error:
    sys.exit("\n".join(error.faults))

bind = env["BIND"]
workers = env["WEB_CONCURRENCY"]
threads = env["WEB_THREADS"]
worker_class = "gthread"
timeout = 60
graceful_timeout = 35
keepalive = 5
limit_request_line = 4094
limit_request_field_size = 8190
control_socket_disable = True
logger_class = web_server.Logger
wsgi_app = "kasilabs.wsgi:application"


web_server.answer_in_problems()


def on_starting(_server):
    """Refuses here what each worker would refuse: two that end at once leave a trace of gunicorn's own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kasilabs.settings")
    django.setup()
    system_checks.require()


def post_fork(_server, worker):
    """Lets nothing of a demo outlive it, however it ends; a production's worker finishes its requests by itself."""
    if env["DEMO"]:
        child_processes.end_with_parent(worker.ppid)
