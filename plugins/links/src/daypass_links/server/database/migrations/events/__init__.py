"""Of the database of events."""
