"""Pages across all apps: home, overview, navigation, error pages."""
