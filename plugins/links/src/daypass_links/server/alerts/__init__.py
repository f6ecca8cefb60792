"""Unusual rates: found in the events, put on record, and told to whom the configuration names."""
