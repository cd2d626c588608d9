"""The yardstick: a Django view that writes the same two rows and posts once, without any of our rules."""
