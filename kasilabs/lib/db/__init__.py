"""What Django does not do for the statements that every call runs."""
