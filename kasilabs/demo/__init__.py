"""The demo: a law firm with two WhatsApp numbers, a member in every role, two sample plugins, and their first calls."""
