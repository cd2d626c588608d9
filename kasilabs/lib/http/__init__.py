"""The one outgoing HTTP client; `client` is its face, the other modules are its parts."""
