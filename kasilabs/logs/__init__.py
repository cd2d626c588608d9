"""Plugin logs: one row for each call, also refused and lost ones."""
