"""Pages across all apps: home, overview, navigation, dead letters, error pages."""
