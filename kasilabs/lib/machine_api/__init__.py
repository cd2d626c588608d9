"""What every request under /agent/, /bridges/ and /schemas/ passes: size cap, problem+json, request id."""
