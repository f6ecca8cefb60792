"""The one way to a link: check, authorize, ask, judge, record. Each file bears its word."""
