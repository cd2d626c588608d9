"""One external effect: what must happen once at somebody else's server, whatever happens to ours."""
