"""A plugin set up for one organization: configuration, secrets, customer aliases, and the call to its endpoint."""
