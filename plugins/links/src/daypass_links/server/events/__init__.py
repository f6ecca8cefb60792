"""What the service witnesses: chained events, written together, and verified."""
