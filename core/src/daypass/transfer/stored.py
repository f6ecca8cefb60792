"""Whether an answer to an upload says that the object is there, and not only that somebody has answered."""

from __future__ import annotations

from daypass.errors import StoreError
from daypass.model.links import SignedURL
from daypass.toolkit.roots import root_of
from daypass.toolkit.wire import Response, network_errors, read_answer

__all__ = ["etag_of_stored"]

#: What stores answer where they have taken a body, and RFC 9110, 9.3.4, for a PUT: 202 has only begun, 203 is a proxy's.
_STORED = frozenset({200, 201, 204})
#: What they say of it, if anything: of a form, and of a copy
#: (https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html, API_CopyObject.html, API_UploadPartCopy.html).
_SAID = frozenset({"PostResponse", "CopyObjectResult", "CopyPartResult"})
#: Bytes of an answer that are read: a store's is a few hundred, if any.
_ENOUGH = 1 << 16


def etag_of_stored(link: SignedURL, response: Response) -> str | None:
    """Read the answer to an upload; return the object's ETag, without quotes, where the store gives one.

    Args:
        link: what the body went through.
        response: the answer, with a status of 2xx.

    Raises:
        StoreError: for a status by which nothing need be there; for a page, which a proxy or a network's
            log-in answers, and no store; and for XML of anything else, such as an error behind a 200.

    """
    with network_errors(link):
        body = read_answer(response, _ENOUGH)
    root = root_of(body)
    # Stores that say nothing call that HTML, too.
    is_page = bool(body.strip()) and response.headers.get_content_type() == "text/html"
    if response.status not in _STORED or is_page or (root is not None and root not in _SAID):
        brought = f" and <{root[:40]}>" if root else " and a page of HTML" if is_page else ""
        msg = (
            f"the answer to {link.http_method} {link.path} was {response.status}{brought}, which no store gives that has taken an object: "
            "look at what answers there, such as a proxy or a log-in, and send it again"
        )
        raise StoreError(msg, status=response.status)
    etag: str | None = response.headers.get("ETag")
    return None if etag is None else etag.strip('"')
