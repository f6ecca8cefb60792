"""An upload of 25 bytes in parts of 10, begun; and a number of one that nobody can show."""

from __future__ import annotations

import daypass


def begin(path="fake://bucket/k", *, size=25, part_size=10, **options):
    return daypass.create_multipart_upload(path, size=size, part_size=part_size, **options)


class Hostile:
    """A value whose repr fails."""

    def __repr__(self):
        raise KeyError
