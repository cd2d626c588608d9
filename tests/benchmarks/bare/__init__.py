"""What figures are compared with: Django views that do the same work in the database, without any of our rules."""
