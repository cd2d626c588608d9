"""What a request of the machine API passes: size cap, problem+json, request id, chunked bodies."""
