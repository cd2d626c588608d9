"""The database backend for PostgreSQL: Django's own, with a pool that knows when the server is gone."""
