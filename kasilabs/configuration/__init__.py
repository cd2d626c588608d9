"""Settings described by a schema: what may be written, the form, and the vault for secrets. Has no table of its own."""
