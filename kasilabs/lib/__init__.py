"""Ground that knows no app and no table."""
