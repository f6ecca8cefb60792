"""Where the service keeps what it knows: links and keys in one database, events and uses in another."""
