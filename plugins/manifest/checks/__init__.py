"""Whether a manifest is accepted: closed schemas first, then the rules a schema cannot say. Knows no table."""
