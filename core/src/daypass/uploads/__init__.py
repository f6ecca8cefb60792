"""Uploads that need more than one link: forms for browsers, objects in parts, and CORS rules for both."""
