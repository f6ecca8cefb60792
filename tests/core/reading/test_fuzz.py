"""Whatever a stranger's URL, form or error body is: an answer, or an error of ours, in little time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import DaypassError, InvalidRequestError
from daypass.reading.explain import explain
from daypass.reading.verify import verify
from tests.core.nasty import SECRET, budget, fuzz, nasty, no_secret

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
V4 = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261124%2Feu-west-1%2Fs3%2Faws4_request"
    f"&X-Amz-Date=20261124T110000Z&X-Amz-Expires=7200&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}"
)
GOOGLE = V4.replace("X-Amz", "X-Goog").replace("AWS4-HMAC-SHA256", "GOOG4-RSA-SHA256")
AZURE = "sv=2026-04-06&sr=b&sp=r&se=2026-11-24T13%3A00%3A00Z&sig=c2lnbmF0dXJl"
V2 = "AWSAccessKeyId=AKIDEXAMPLE&Signature=c2lnbmF0dXJl&Expires=1795525200"
CLOUDFRONT = "Expires=1795525200&Signature=c2ln&Key-Pair-Id=K"
HOSTS = st.sampled_from(
    [
        *(
            "maps.s3.eu-west-1.amazonaws.com",
            "storage.googleapis.com",
            "maps.blob.core.windows.net",
        ),
        *("d111111abcdef8.cloudfront.net", "127.0.0.1:9000", "[::1]", ""),
    ]
)
QUERIES = st.sampled_from([V4, GOOGLE, AZURE, V2, CLOUDFRONT, ""])
TEXTS = nasty(
    "X-Amz-Date=", "&a=b", "?", "X-Amz-SignedHeaders=a%3Bb", "&sig=", "&Policy=", "e30", "://h/"
)
URLS = st.builds(
    lambda host, path, query, more: f"https://{host}/{path[:20_000]}?{query}&{more}"[:65_536],
    HOSTS,
    TEXTS,
    QUERIES,
    TEXTS,
)


@pytest.fixture(autouse=True, scope="module")
def _backends_are_loaded():
    """What is imported once is no input's to pay."""
    for query in (V4, GOOGLE, AZURE, V2, CLOUDFRONT):
        verify(f"https://maps.s3.eu-west-1.amazonaws.com/a?{query}", key=SECRET, now=NOW)


@fuzz(100)
@given(URLS | TEXTS)
def test_any_url_is_explained(url):
    with budget():
        try:
            answer = explain(url, now=NOW)
        except InvalidRequestError:
            return
        assert answer.findings or answer.backend
        answer.to_dict()
        repr(answer)


@fuzz(100)
@given(HOSTS, TEXTS)
def test_no_explanation_shows_a_signature(host, more):
    query = V4.replace("0" * 64, SECRET)
    with budget():
        try:
            answer = explain(f"https://{host}/a?{query}&{more}"[:65_536], now=NOW)
        except InvalidRequestError as error:
            no_secret(error)
        else:
            no_secret(answer, answer.to_dict(), answer.findings)


@fuzz(100)
@given(st.dictionaries(TEXTS.map(lambda text: text[:300]), TEXTS, max_size=6), QUERIES)
def test_any_form_is_explained_and_verified(fields, query):
    fields |= dict(pair.partition("=")[::2] for pair in query.split("&") if "=" in pair)
    with budget():
        try:
            form = {"url": "https://maps.s3.amazonaws.com", "fields": fields}
            explain(form, now=NOW).to_dict()
            verify(form, key=SECRET, body=b"x", now=NOW).to_dict()
        except InvalidRequestError:
            return


METHODS = st.sampled_from(["GET", "PUT", "HEAD", "DELETE", "get", ""])


@fuzz(100)
@given(URLS, METHODS)
def test_any_request_is_held_against_its_url(url, method):
    with budget():
        try:
            verify(url, method=method, now=NOW).to_dict()
        except DaypassError as error:
            assert isinstance(error, ValueError)


@pytest.mark.parametrize("query", [V4, GOOGLE, AZURE, V2])
def test_no_more_than_a_thousand_parameters_are_held_against_a_key(query):
    """A change is made ready for each: of 32 thousand that took half a second."""
    url = f"https://maps.s3.amazonaws.com/a?{query}"
    with budget():
        held = verify(f"{url}{'&a' * 990}{'&' * 32_000}", key=SECRET, now=NOW)
        refused = verify(f"{url}{'&a' * 32_000}", key=SECRET, now=NOW)
    assert "too-long" not in [one.code for one in held.findings]
    assert (refused.ok, refused.signature) == (False, "unchecked")
    assert "too-long" in [one.code for one in refused.findings]


#: Of short texts alone: to find what differs, each of their letters is tried in another way.
@fuzz(20)
@given(HOSTS, QUERIES, TEXTS, METHODS, TEXTS)
def test_the_key_that_a_request_is_checked_with_is_not_told(host, query, more, method, value):
    url = f"https://{host}/{more[:30]}?{query}&{more[:20]}"
    try:
        answer = verify(url, method=method, headers={"x-amz-a": value[:50]}, key=SECRET, now=NOW)
    except DaypassError as error:
        no_secret(error, error.__cause__, error.__context__)
    else:
        no_secret(answer, answer.to_dict())


NODES = nasty(
    "<Error>",
    "</Error>",
    "<Code>",
    "</Code>",
    "<!DOCTYPE a [",
    "<!ENTITY b 'c'>",
    "&b;",
    "<?xml ",
    "xmlns=",
)
BODIES = st.one_of(
    NODES,
    NODES.map(lambda text: f"<Error><Code>SignatureDoesNotMatch</Code>{text}</Error>"),
    st.builds("<Error><Code>{}</Code><StringToSign>{}</StringToSign></Error>".format, NODES, NODES),
    st.binary(max_size=2_000),
)


@fuzz(200)
@given(BODIES)
def test_any_error_body_is_read(body):
    with budget():
        try:
            explain(
                f"https://maps.s3.eu-west-1.amazonaws.com/a?{V4}", error=body, now=NOW
            ).to_dict()
        except InvalidRequestError:
            return
