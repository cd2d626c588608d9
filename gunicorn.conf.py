"""gunicorn: a few processes, each with threads, because a tool call mostly waits for a plugin."""

import os
from pathlib import Path

import environ

from kasilabs.lib import child_processes

environ.Env.read_env(Path(__file__).resolve().parent / ".env")

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = "gthread"
timeout = 60
graceful_timeout = 35
keepalive = 5
limit_request_line = 4094
limit_request_field_size = 8190
control_socket_disable = True
wsgi_app = "kasilabs.wsgi:application"


def post_fork(_server, worker):
    """Let nothing of a demo outlive it, however it ends; a production's worker finishes its requests by itself."""
    if os.environ.get("DEMO") == "1":
        child_processes.end_with_parent(worker.ppid)
