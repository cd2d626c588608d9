"""gunicorn: a few processes, each with threads, because a tool call mostly waits for a plugin."""

import os
from pathlib import Path

import environ

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
