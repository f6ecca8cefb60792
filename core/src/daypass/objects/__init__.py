"""``daypass.sign``: anything that holds paths, with URLs in their place."""

from daypass.objects.functions import sign, sign_inplace

__all__ = ["sign", "sign_inplace"]
