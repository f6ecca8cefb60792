"""Uploads in parts by the XML API: which header and which parameter goes with which step.

https://docs.cloud.google.com/storage/docs/multipart-uploads, which also says what does not go: preconditions.
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
from daypass_gcs.network import network_of
from daypass_gcs.shape import own_key, shape_of
from daypass_gcs.signer import Signer

#: A customer's own key has to come with every part, and with the list of them.
_OWN_KEY = "x-goog-encryption-"
#: Steps that need that key again.
_WITH_KEY = ("part", "complete")


def session(
    location: Location, request: SignRequest, signer_of: Callable[[Location], Signer]
) -> UploadSession:
    """Return what carries out one upload.

    Args:
        location: of the object.
        request: what describes it.
        signer_of: finds the signer of a location.

    Raises:
        UnsupportedOptionError: for ``if_absent``, which Cloud Storage does not check here.

    """
    if request.if_absent:
        msg = "gcs cannot enforce if_absent on an upload in parts, which takes no preconditions: upload in one piece (create_signed_url), or leave it out"
        raise UnsupportedOptionError(
            msg, option="if_absent", backend="gcs", alternatives=["create_signed_url"]
        )

    def sign(place: Location, step: Step, now: SignRequest) -> SignedURL:
        signer = signer_of(place)
        return signer.sign_step(step, place, now, _shape(step, request, now, signer.payer(request)))

    return XMLUploadSession(location, request, sign, network_of)


def _shape(step: Step, request: SignRequest, now: SignRequest, payer: str | None) -> Shape:
    """Return headers and query of one step.

    Args:
        step: the step.
        request: what describes the object.
        now: what binds this very request: a part's size and MD5.
        payer: the project that pays for the request, where that is not the bucket's owner's.

    """
    headers: dict[str, str] = {}
    if step.name == "begin":
        headers = dict(shape_of(request, None, None).headers)
    elif step.name == "part":
        # The length itself is signed: the range that a whole upload may have is not known to hold
        # for parts.
        if now.content_length is not None:
            headers["Content-Length"] = str(now.content_length)
        if now.content_md5 is not None:
            headers["Content-MD5"] = now.content_md5
    if step.name in _WITH_KEY:
        headers |= kept(request.headers, _OWN_KEY) | own_key(request)
    query = step.query if payer is None else {**step.query, "userProject": payer}
    return Shape(headers, {**query, **(now.query or {})})
