"""``signed::`` in fsspec: whatever can be signed is read through links that are always fresh."""
