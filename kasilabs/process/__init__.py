"""The running process: readiness, warm-up, process log."""
