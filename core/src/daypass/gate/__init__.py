"""The one way to a link: check, authorize, call, judge, record. Each file bears its word."""
