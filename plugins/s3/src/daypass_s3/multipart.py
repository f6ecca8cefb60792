"""Uploads in parts: which header and which parameter goes with which step.

Headers: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html and the pages of
the other four operations beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from daypass.errors import UnsupportedOptionError
from daypass.hookspecs.parts import UploadSession
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.requests import SignRequest
from daypass.toolkit.engine import Shape
from daypass.toolkit.xml_uploads import Step, XMLUploadSession, kept
from daypass_s3.network import network_of
from daypass_s3.shape import shape_of
from daypass_s3.signer import Signer

#: A customer's own key is kept nowhere, so that it has to come with every part.
_OWN_KEY = "x-amz-server-side-encryption-customer-"


def session(
    location: Location, request: SignRequest, signer_of: Callable[[Location], Signer]
) -> UploadSession:
    """Return what carries out one upload.

    Args:
        location: of the object.
        request: what describes it.
        signer_of: finds the signer of a location.

    Raises:
        UnsupportedOptionError: for a checksum that S3 would want of every part.

    """
    for name in request.headers or {}:
        if name.lower().startswith(("x-amz-checksum-", "x-amz-sdk-checksum-")):
            msg = f"headers: {name} asks for checksums that every part would have to bring: give each part's MD5 to part() in its place"
            raise UnsupportedOptionError(msg, option="headers", backend="s3")
    if signer_of(location).adds_checksums:
        msg = "s3_additional_kwargs ChecksumAlgorithm asks for checksums that every part would have to bring: leave it out, and give each part's MD5 to part()"
        raise UnsupportedOptionError(msg, option="storage_options", backend="s3")

    def sign(place: Location, step: Step, now: SignRequest) -> SignedURL:
        signer = signer_of(place)
        pays = request.requester_pays or signer.requester_pays
        return signer.sign_step(step, place, now, _shape(step, request, now, requester_pays=pays))

    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html (If-None-Match); stores that speak
    # S3 make the object all the same (Ceph RGW 16), and of no other is it known.
    loose = request.if_absent and not signer_of(location).asks_amazon
    unenforced = frozenset({"if_absent"} if loose else ())
    return XMLUploadSession(location, request, sign, network_of, unenforced)


def _shape(step: Step, request: SignRequest, now: SignRequest, *, requester_pays: bool) -> Shape:
    """Return headers and query of one step.

    Args:
        step: the step.
        request: what describes the object.
        now: what binds this very request: a part's size and MD5.
        requester_pays: whether the requester says so.

    """
    own: dict[str, str] = {}
    if step.name == "begin":
        described = request.without({"if_absent"})
        headers = shape_of(described, None, requester_pays=requester_pays).headers
    elif step.name == "part":
        headers = shape_of(now, None, requester_pays=requester_pays).headers
        headers = {**headers, **kept(request.headers, _OWN_KEY)}
        own = now.query or {}
    else:
        headers = {"x-amz-request-payer": "requester"} if requester_pays else {}
        if step.name == "complete" and request.if_absent:
            headers["If-None-Match"] = "*"
    return Shape(dict(headers), {**step.query, **own})
