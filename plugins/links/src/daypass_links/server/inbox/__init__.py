"""Inboxes: links by which strangers send files, each below a folder of its own, into a store that holds the limits."""
