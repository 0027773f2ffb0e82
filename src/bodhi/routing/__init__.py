"""Which dialect asks, which endpoint is meant, and which api model serves the call. Pure."""
