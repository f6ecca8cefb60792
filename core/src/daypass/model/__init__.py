"""Plain values: what is asked of a link, where an object is, and what comes back."""
