"""The HTTP API, as JSON."""
