"""Google's published vectors, replayed against the public API and the engine below it."""

import json
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import daypass
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.engine import Shape
from daypass.toolkit.v4 import GOOG4_HMAC, canonical_request, signing_key, string_to_sign
from daypass_gcs.signer import Signer
from tests.servers.gcs_signatures import rsa_verifier, verify

VECTORS = Path(__file__).parents[2] / "vectors" / "gcs"
CASES = json.loads((VECTORS / "v4_signed_url.json").read_text())["cases"]
#: What no link of daypass is for, or what its core refuses on purpose.
NOT_ASKED = {
    "gcs-list-objects": "lists a bucket: no method of a link",
    "gcs-signed-payload-instead-of-unsigned-payload": "a payload's hash is the signature's own",
}
#: What the core refuses before a backend is asked, and the engine signs as Google does.
BELOW = {
    "gcs-post-for-resumable-uploads": "POST is no method of a link",
    "gcs-slashes-in-object-name-should-not-be-url-encoded": "a slash in a header's name",
    "gcs-headers-should-be-trimmed": "spaces and tabs that clients would strip",
    "gcs-header-value-with-multiple-inline-values": "the same",
    "gcs-query-parameter-encoding": "a query parameter that no option stands for",
    "gcs-query-parameter-ordering": "the same",
    "gcs-header-ordering": "X-Goog-Date is the signature's own",
}


def cases(chosen):
    return [pytest.param(case, id=case["id"]) for case in CASES if chosen(case)]


@pytest.fixture
def store(account, credentials, monkeypatch):
    """Make a store as a vector's options say."""

    def make(case):
        options = case["req"]["options"]
        storage, signer, public = {"token": credentials}, {}, None
        if "emulatorHostname" in options:
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", options["emulatorHostname"])
        if "clientEndpoint" in options:
            endpoint = options["clientEndpoint"]
            storage["endpoint_url"] = endpoint if "://" in endpoint else f"https://{endpoint}"
        if "hostname" in options:
            public = f"{options.get('scheme', 'https')}://{options['hostname']}"
        if "universeDomain" in options:
            storage["token"] = {**account, "universe_domain": options["universeDomain"]}
        if options.get("urlStyle") == "VIRTUAL_HOSTED_STYLE":
            signer["virtual_hosted_style"] = True
        if "bucketBoundHostname" in options:
            host = options["bucketBoundHostname"]
            signer["bucket_bound_hostname"] = (
                f"http://{host}" if options["scheme"] == "http" else host
            )
        return daypass.Store(
            f"gs://{case['req']['bucket']}",
            storage_options=storage,
            signer_options=signer,
            public_endpoint=public,
        )

    return make


def conditions(request):
    return {
        "expires_in": request["expires"],
        "signing_time": datetime.fromisoformat(request["now"]),
        "method": request["method"],
        "headers": dict(request["headers"]) or None,
    }


def has_other_port(case):
    return ":80" in case["expect"]["url"].partition("?")[0]


@pytest.mark.parametrize(
    "case", cases(lambda c: c["id"] not in BELOW.keys() | NOT_ASKED and not has_other_port(c))
)
def test_the_url_is_the_published_one_to_the_byte(case, store):
    link = store(case).create_signed_url(case["req"]["key"], **conditions(case["req"]))

    assert link.url == case["expect"]["url"]
    assert link.headers == dict(case["req"]["headers"])


@pytest.mark.parametrize("case", cases(has_other_port))
def test_with_a_port_we_sign_the_host_that_clients_send(case, account, store):
    """Google's vectors sign it without the port, and no client sends that."""
    link = store(case).create_signed_url(case["req"]["key"], **conditions(case["req"]))
    place, _, query = link.url.partition("?")
    expected = case["expect"]["url"].partition("&X-Goog-Signature=")[0]

    assert link.url.partition("&X-Goog-Signature=")[0] == expected
    verify(
        "GET",
        f"{urlsplit(place).path}?{query}",
        {"host": urlsplit(place).netloc},
        keys={("GOOG4-RSA-SHA256", account["client_email"]): rsa_verifier(account["private_key"])},
        now=datetime.fromisoformat(case["req"]["now"]),
    )


@pytest.mark.parametrize("case", cases(lambda c: c["id"] in BELOW))
def test_the_engine_signs_what_the_core_would_refuse_as_google_does(case, store):
    request = case["req"]
    signer = Signer(store(case).location)
    shape = Shape(dict(request["headers"]), dict(request["query"]))
    start = datetime.fromisoformat(request["now"])

    prepared = signer._prepare(
        request["method"], shape, start, request["expires"], Deadline.after(0)
    )

    assert prepared.url(request["key"]) == case["expect"]["url"]


@pytest.mark.parametrize("case", cases(lambda c: c["id"] in BELOW))
def test_what_the_core_refuses_is_refused_by_name(case, store):
    if case["req"]["query"]:
        return  # there is no option that could be given
    with pytest.raises(daypass.InvalidRequestError):
        store(case).create_signed_url(case["req"]["key"], **conditions(case["req"]))


@pytest.mark.parametrize(
    "case",
    json.loads((VECTORS / "goog4_hmac_header.json").read_text())["cases"],
    ids=lambda case: case["id"],
)
def test_hmac_signatures_are_another_implementation_s(case):
    headers = [
        ("host", case["host"]),
        ("x-goog-content-sha256", case["payload"]),
        ("x-goog-date", case["date"]),
    ]
    day = case["date"][:8]
    request = canonical_request(case["method"], case["path"], "", headers, case["payload"])
    message = string_to_sign(GOOG4_HMAC, case["date"], f"{day}/auto/storage/goog4_request", request)

    key = signing_key(GOOG4_HMAC, case["secret"], day, "auto", "storage")

    assert key.hex(message.encode()) == case["signature"]
