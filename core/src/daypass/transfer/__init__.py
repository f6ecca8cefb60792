"""Bytes through links: a file goes up or comes down, in parallel, again where that helps, and checked.

`daypass.upload` and `daypass.download` are its doors. A link alone is enough for either: whoever has one
needs no credentials. Of a path, each link is signed at the moment it is used.
"""
