"""What tests share: factories, a platform with a plugin behind it, a fake plugin server, real gunicorn workers."""
