"""Encrypted columns, the key file, bearer keys and signed tokens."""
