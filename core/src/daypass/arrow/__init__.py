"""Signing and metadata in Arrow's terms: record batches in, record batches out. Needs pyarrow.

::

    import daypass.arrow

    signed = daypass.arrow.sign_batch(record_batch, path="path", url="url", expires_in="1d")
    signer = daypass.arrow.Signer(expires_in="1d")  # the same, to be sent to other processes
    heads = daypass.arrow.head_metadata_many(["s3://bucket/a", "s3://bucket/b"])
"""

from daypass.arrow.heads import head_metadata_many
from daypass.arrow.signing import Signer, sign_batch

__all__ = ["Signer", "head_metadata_many", "sign_batch"]
