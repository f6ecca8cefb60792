"""Signed URLs, forms and stores' answers that somebody found: what they are, and why they fail."""
