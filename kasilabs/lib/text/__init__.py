"""Text: formatting for people, sensitive values, invisible characters, spelling suggestions."""
