"""The running process: readiness, warm-up, process log, what the web server says itself."""
