"""What Django's ORM does not do for the statements that every tool call runs."""
