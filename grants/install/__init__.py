"""The install wizard: permissions, numbers, configuration; and the removal of an installation."""
