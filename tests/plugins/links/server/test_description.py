"""The API describes itself, and its pages load nothing from anywhere."""

from __future__ import annotations

import re

ASKED = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("POST", "/v1/links"),
    ("GET", "/v1/links"),
    ("GET", "/v1/links/{link_id}"),
    ("DELETE", "/v1/links/{link_id}"),
    ("POST", "/v1/links/{link_id}/extend"),
    ("GET", "/v1/links/{link_id}/events"),
    ("POST", "/v1/revoke"),
    ("GET", "/v1/suspensions"),
    ("GET", "/v1/usage"),
    ("POST", "/v1/lift"),
    ("POST", "/v1/keys"),
    ("GET", "/v1/keys"),
    ("DELETE", "/v1/keys/{key_id}"),
    ("POST", "/v1/sign"),
    ("POST", "/v1/forms"),
    ("POST", "/v1/head"),
    ("POST", "/v1/explain"),
    ("POST", "/v1/uploads"),
    ("GET", "/v1/uploads/{upload_id}"),
    ("DELETE", "/v1/uploads/{upload_id}"),
    ("POST", "/v1/uploads/{upload_id}/parts"),
    ("POST", "/v1/uploads/{upload_id}/complete"),
}


def test_everything_that_can_be_asked_is_described(server):
    found = server.ask("GET", "/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    said = {
        (method.upper(), path): told
        for path, methods in found["paths"].items()
        for method, told in methods.items()
    }
    assert said.keys() == ASKED
    assert all(told["description"] for told in said.values())
    assert found["components"]["schemas"]["Extension"]["required"] == ["expires_in"]


def test_what_a_link_is_made_of_is_described_to_the_letter(server):
    found = server.ask("GET", "/openapi.json").json()
    body = found["paths"]["/v1/links"]["post"]["requestBody"]["content"]["application/json"]
    names = set(body["schema"]["properties"])
    wanted = (
        "path prefix method methods expires_in expires_at starts_at max_uses ip_range https_only"
    )
    assert names >= {*wanted.split(), "referrers", "filename", "label", "note", "content_type"}
    assert not names & {"encryption_key", "signing_time", "continuation_token"}
    assert body["schema"]["additionalProperties"] is False
    assert (body["schema"]["type"], body["schema"]["maxItems"]) == (["object", "array"], 1000)
    # Every name that is described is one that is taken: what is wrong is its value.
    for name in names - {"path"}:
        answer = server.ask("POST", "/v1/links", json={"path": "daypass://maps/a", name: [1]})
        assert answer.json().get("code") != "unknown-option", name


def test_what_an_upload_is_made_of_is_described(server):
    found = server.ask("GET", "/openapi.json").json()
    body = found["paths"]["/v1/uploads"]["post"]["requestBody"]["content"]["application/json"]
    names = set(body["schema"]["properties"])
    assert names >= {"path", "size", "part_size", "content_type", "metadata", "expires_in"}
    assert not names & {"encryption_key", "content_length", "max_uses", "filename", "delimiter"}
    assert body["schema"]["required"] == ["path", "size"]


def test_the_page_names_all_of_it_and_loads_nothing(server):
    answer = server.ask("GET", "/openapi")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    said = {
        tuple(each.split(" ")) for each in re.findall(r"<code>([A-Z]+ /[^<]*)</code>", answer.text)
    }
    assert said == ASKED
    assert "<script" not in answer.text
    assert "http" not in answer.text.replace("https://", "http://").replace("http-equiv", "")
