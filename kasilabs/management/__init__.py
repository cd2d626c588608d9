"""The commands that touch every app."""
