"""Scripts of another origin use links in a real browser: what the store's CORS rules must allow for a redirect, and for a URL."""

from __future__ import annotations

import hashlib
import json

import pytest

from daypass.gate.cors import plan_cors
from daypass.hookspecs.cors_rules import CorsRule
from daypass.store.store import Store
from tests.servers.chromium import site
from tests.servers.links import links_service

pytestmark = pytest.mark.servers

#: Reads what a URL opens, or says that the browser lets the script not.
READ = """async (url) => {
    try { return await (await fetch(url)).text(); } catch (error) { return error.name; }
}"""
#: Uploads; then whether it was let.
WRITE = """async ([url, headers]) => {
    try { return (await fetch(url, {method: "PUT", body: "new", headers})).status; }
    catch (error) { return error.name; }
}"""
#: Asks the service for the URL, and goes there itself.
READ_BY_JSON = """async (url) => {
    const told = await (await fetch(url + "?as=json")).json();
    try { return await (await fetch(told.url, {headers: told.headers})).text(); }
    catch (error) { return error.name; }
}"""
#: What a script is told where CORS keeps something from it.
KEPT = "TypeError"


@pytest.fixture(scope="module")
def page(browser):
    with site() as served:
        served.page("/", "<title>a page of another origin</title>")
        opened = browser.new_context().new_page()
        opened.set_default_timeout(30_000)
        opened.goto(served.origin)
        opened.own_origin = served.origin
        yield opened


@pytest.fixture(scope="module")
def client(local, bucket):
    configuration = f'[profiles.box]\nurl = "s3://{bucket}"\n'
    options = json.dumps(local.storage_options)
    with links_service(
        configuration, {"DAYPASS_PROFILES__BOX__STORAGE_OPTIONS": options}
    ) as service:
        yield service.client


@pytest.fixture
def allow(local, bucket):
    """Let pages of some origins use the store, by the rule that ``daypass cors`` makes."""
    local.client.put_object(Bucket=bucket, Key="a.txt", Body=b"content")
    store = Store(f"s3://{bucket}", storage_options=local.storage_options)

    def let(origin):
        rule = CorsRule(origins=[origin], methods=["GET", "PUT"])
        plan = plan_cors(store.backend, store.location, rule)
        local.client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [plan.rule]})

    return let


def test_after_a_redirect_a_page_whose_origin_the_store_allows_is_kept_out(page, client, allow):
    allow(page.own_origin)
    assert page.evaluate(READ, client.create("daypass://box/a.txt").url) == KEPT


def test_after_a_redirect_the_store_is_asked_for_the_origin_null(
    page, client, allow, local, bucket
):
    rule = {"AllowedOrigins": ["null"], "AllowedMethods": ["GET"]}
    local.client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    local.client.put_object(Bucket=bucket, Key="a.txt", Body=b"content")
    assert page.evaluate(READ, client.create("daypass://box/a.txt").url) == "content"


def test_a_store_that_allows_every_origin_answers_after_a_redirect(page, client, allow):
    allow("*")
    assert page.evaluate(READ, client.create("daypass://box/a.txt").url) == "content"


def test_a_page_whose_origin_the_store_allows_asks_for_the_url_and_goes_there_itself(
    page, client, allow
):
    allow(page.own_origin)
    assert page.evaluate(READ_BY_JSON, client.create("daypass://box/a.txt").url) == "content"


def test_an_upload_by_a_redirect_needs_a_store_that_allows_every_origin(page, client, allow):
    link = client.create("daypass://box/b.txt", method="PUT", content_type="text/x-new")
    allow(page.own_origin)
    assert page.evaluate(WRITE, [link.url, link.headers]) == KEPT
    allow("*")
    assert page.evaluate(WRITE, [link.url, link.headers]) == 200
    assert page.evaluate(READ, client.create("daypass://box/b.txt").url) == "new"


def test_the_page_of_an_inbox_sends_a_file(page, client, allow, local, bucket):
    link = client.create("daypass://box/in/", inbox=True)
    allow(link.url.partition("/p/")[0])
    own = page.context.new_page()
    own.goto(link.url)
    sent = {"name": "../<b>.txt", "mimeType": "text/plain", "buffer": b"bytes"}
    own.locator("#picker").set_input_files(sent)
    own.locator(".file[data-state=done]").wait_for()
    assert hashlib.sha256(b"bytes").hexdigest() in own.locator("#files").inner_text()
    own.close()
    (made,) = local.client.list_objects_v2(Bucket=bucket, Prefix="in/")["Contents"]
    assert made["Key"].endswith("/_b_.txt")
    assert local.client.get_object(Bucket=bucket, Key=made["Key"])["Body"].read() == b"bytes"
