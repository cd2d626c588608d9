"""Encrypted columns, the key file and signed tokens."""
