"""Of the database of links."""
