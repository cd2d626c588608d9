"""The signed request to a plugin and what its answer means. Only `kasilabs.calls` comes here, after every gate."""
