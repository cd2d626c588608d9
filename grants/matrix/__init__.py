"""The permission matrix and the page that explains one cell of it."""
