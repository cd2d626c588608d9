"""The parts of the outgoing HTTP client; `kasilabs.lib.http` is its face."""
