"""The HTTP API of the clients."""
