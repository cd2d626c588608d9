"""Plugin to platform: one signed endpoint for each narrow action, under /bridges/v1/."""
