"""The demo, and the commands that touch every app."""
