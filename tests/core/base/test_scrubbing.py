"""No text of an SDK leaves with a secret in it, whichever error of a chain holds it."""

from __future__ import annotations

import base64
import html
import json
import re
import traceback
from functools import partial
from urllib.parse import quote, quote_plus

import pytest

from daypass.base.scrubbing import scrubbed
from daypass.errors import StoreError

SECRET = "sw0rd/fish+1=\nx"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEplanted\n+/planted==\n-----END PRIVATE KEY-----\n"


class SdkError(Exception):
    """As SDKs make them: what it shows is put together from what it holds."""

    def __init__(self, request, *, status):
        super().__init__(request)
        self.request, self.status = request, status

    def __str__(self):
        return f"{self.status} for {self.request}"


def chained(inner, link):
    """Return an error of ours that came from another's."""
    outer = StoreError("the store could not be asked")
    middle = OSError("no answer")
    setattr(middle, link, inner)
    setattr(outer, link, middle)
    return outer


def told(error):
    """Return all that a chain of errors says, also where a traceback leaves it out."""
    found = ["".join(traceback.format_exception(error)), str(error), repr(error)]
    for behind in (error.__cause__, error.__context__):
        found += [] if behind is None else [told(behind)]
    return "\n".join(found)


@pytest.mark.parametrize("link", ["__cause__", "__context__"])
@pytest.mark.parametrize(
    "spell",
    [
        str, quote, quote_plus, repr, partial(quote, safe=""), json.dumps, html.escape, ascii,
        lambda text: json.dumps(text).replace("/", "\\/"),
        lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
        lambda text: repr(text.encode()),
        lambda text: base64.b64encode(text.encode()).decode(),
    ],
    ids=range(12),
)  # fmt: skip
def test_a_secret_of_the_options_is_masked_in_every_spelling(link, spell):
    error = chained(SdkError(f"/token?k={spell(SECRET)}&x=1", status=400), link)
    shown = told(scrubbed(error, {"client_kwargs": {"my_secret": SECRET}}))
    assert not any(one in shown for one in ("sw0rd", base64.b64encode(SECRET.encode()).decode()))
    assert "400 for /token?k=" in shown


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        repr(PEM),
        quote(PEM),
        quote_plus(json.dumps({"private_key": PEM})),
        json.dumps({"private_key": PEM, "type": "service_account"}),
        '{"refresh_token": "1//planted"}',
        "GET /oauth2/v1/tokeninfo?access_token=ya29.planted&alt=json",
        "Authorization: Bearer ya29.planted",
        "DefaultEndpointsProtocol=https;AccountKey=planted==;EndpointSuffix=x",
        "https://b.example/k?X-Amz-Signature=planted&X-Amz-Security-Token=planted",
        "http://me:planted@proxy.example",
    ],
)
def test_what_is_always_secret_is_masked_whoever_holds_it(text):
    assert "planted" not in told(scrubbed(chained(SdkError(text, status=400), "__cause__")))


def test_a_secret_that_was_decoded_wrongly_is_masked_as_any(monkeypatch):
    """A variable whose bytes are not UTF-8 holds lone surrogates, which no encoder takes."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted/environment\udce9")
    error = chained(SdkError("signed with planted/environment\udce9", status=1), "__context__")
    assert "planted" not in told(scrubbed(error))


def test_secrets_of_the_environment_are_masked(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted/environment")
    error = chained(SdkError("signed with planted/environment", status=1), "__context__")
    assert "planted" not in told(scrubbed(error))


def test_the_message_itself_is_masked_and_keeps_its_class_and_attributes():
    error = scrubbed(StoreError("no answer to sw0rdfish", status=503), {"password": "sw0rdfish"})
    assert (str(error), error.status) == ("no answer to ****", 503)


def test_what_holds_no_secret_stays_the_very_same_error():
    inner = SdkError("/bucket/key", status=404)
    error = chained(inner, "__cause__")
    assert scrubbed(error, {"secret": "sw0rdfish"}).__cause__.__cause__ is inner


def _fail():
    raise SdkError(SECRET.strip(), status=1)


def test_an_error_that_is_replaced_is_of_its_class_and_has_its_traceback():
    with pytest.raises(SdkError) as caught:
        _fail()
    inner = caught.value
    found = scrubbed(chained(inner, "__cause__"), {"secret": SECRET.strip()}).__cause__.__cause__
    assert isinstance(found, SdkError)
    assert found.__traceback__ is inner.__traceback__
    assert not hasattr(found, "request")
    (*_, line) = traceback.format_exception_only(found)
    assert line == f"{__name__}.SdkError: 1 for ****\n"


def test_notes_and_groups_of_errors_are_masked_too():
    noted = SdkError("a", status=1)
    noted.add_note("with sw0rdfish")
    group = ExceptionGroup("several", [SdkError("sw0rdfish", status=1)])
    for inner in (noted, group):
        error = scrubbed(chained(inner, "__cause__"), {"secret": "sw0rdfish"})
        assert "sw0rdfish" not in told(error)


def test_notes_of_the_error_itself_are_masked():
    error = StoreError("no answer")
    error.add_note("asked with sw0rdfish")
    error.add_note("asked once")
    shown = told(scrubbed(error, {"secret": "sw0rdfish"}))
    assert "sw0rdfish" not in shown
    assert "asked with ****" in shown
    assert "asked once" in shown


def test_the_line_that_a_syntax_error_holds_is_shown_no_more():
    """A traceback prints it, and neither str() nor repr() does."""
    line = "key = 'sw0rdfish' 7"
    with pytest.raises(SyntaxError) as caught:
        compile(line, "settings.py", "exec")
    inner = caught.value
    assert "sw0rdfish" not in str(inner)
    inner = inner.with_traceback(None)
    error = scrubbed(chained(inner, "__cause__"), {"secret": "sw0rdfish"})
    shown = told(error)
    assert "sw0rdfish" not in shown
    assert "invalid syntax" in shown
    assert isinstance(error.__cause__.__cause__, SyntaxError)


def test_a_chain_that_leads_back_and_one_without_end_are_followed_to_an_end():
    error = StoreError("a")
    error.__cause__ = inner = OSError("sw0rdfish")
    inner.__context__ = error
    assert "sw0rdfish" not in "".join(
        traceback.format_exception(scrubbed(error, {"key": "sw0rdfish"}))
    )
    first = error = StoreError("b")
    for _ in range(500):
        error.__context__ = OSError("sw0rdfish")
        error = error.__context__
    assert "sw0rdfish" not in "".join(
        traceback.format_exception(scrubbed(first, {"key": "sw0rdfish"}))
    )
