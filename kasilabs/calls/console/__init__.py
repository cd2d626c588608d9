"""Tool calls that a person makes to try a plugin out."""
