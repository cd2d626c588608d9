"""KasiLabs: the ground and the roof of the plugin platform."""
