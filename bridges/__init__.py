"""Plugin to platform: the signed doors for one narrow action each. Its endpoints stand under /bridges/v1/."""
