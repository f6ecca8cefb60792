"""Every button of a live card, clicked in a browser: with a service that makes the links, and a store that takes the files.

The page stands for the notebook: it hands on what the card says to the widget, and back. `test_lab` does the same in JupyterLab.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from datetime import timedelta
from importlib.resources import files
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import pytest

import daypass
from daypass_notebook.widget import live
from tests.plugins.notebook.made import END, SECRET, form, link
from tests.servers.chromium import chromium, site
from tests.servers.gcs_front import gcs_front
from tests.servers.gcs_objects import Bucket
from tests.servers.gcs_signatures import hmac_verifier

pytestmark = pytest.mark.servers

#: What a notebook's page is to a widget: its state, and messages in both directions.
HOST = """<!doctype html><title>a notebook</title><main></main><script type="module">
import widget from "/live.js";
const heard = {};
let state = await toKernel(null);
const model = {
    get: (name) => state[name],
    on: (event, call) => (heard[event] ??= new Set()).add(call),
    off: (event, call) => heard[event].delete(call),
    send: async (message) => {
        state = await toKernel(message);
        for (const one of state.sent) heard["msg:custom"].forEach((call) => call(one));
        for (const name of state.changed) heard[`change:${name}`].forEach((call) => call());
    },
};
widget.render({ model, el: document.querySelector("main") });
</script>"""
#: Files that somebody drops: names and contents.
DROP = """(card, dropped) => {
    const dataTransfer = new DataTransfer();
    for (const [name, content] of Object.entries(dropped)) dataTransfer.items.add(new File([content], name));
    for (const kind of ["dragover", "drop"])
        card.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture
def shown(browser):
    """Show a widget to a browser; when the card is gone, no secret of its link was in what is kept of it."""

    @contextmanager
    def show(widget, *secrets):
        states = []

        changed = []
        widget.observe(lambda change: changed.append(change["name"]), ["shown", "said"])

        def hear(message):
            sent = []
            changed.clear()
            widget.send = sent.append
            if message is not None:
                widget._handle_custom_msg(message, [])
            state = widget.get_state()
            states.append(json.dumps(state, default=str))
            told = {"shown": state["shown"], "said": state["said"]}
            return {**told, "sent": sent, "changed": list(changed)}

        with site() as served:
            served.page("/", HOST)
            script = files("daypass_notebook").joinpath("live.js").read_bytes()
            served.pages["/live.js"] = ("text/javascript", script)
            context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
            page = context.new_page()
            page.set_default_timeout(60_000)
            page.expose_function("toKernel", hear)
            page.goto(served.origin)
            page.get_by_role("status").wait_for(state="attached")
            yield page
            states.append(page.content())
            context.close()
        for secret in secrets:
            assert secret
            assert not [state for state in states if secret in state]

    return show


def click(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def token_of(url):
    return re.search(r"/[lp]/([\w-]{22})", url)[1]


def stored(local, bucket, key):
    return local.client.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_a_link_of_a_service_counts_down_is_copied_extended_and_revoked(shown, service, bucket):
    client = service.client
    link = client.create(f"s3://{bucket}/a.csv", expires_in="1h")
    with shown(live(link, client=client), token_of(link.url)) as page:
        clock = page.get_by_text(re.compile(r", in 59 min \d+ s$"))
        before = clock.inner_text()
        page.wait_for_function("(text) => !document.body.innerText.includes(text)", arg=before)
        for _ in range(2):
            click(page, "Copy")
            page.get_by_text("copied", exact=True).wait_for()
            assert page.evaluate("navigator.clipboard.readText()") == link.url
            click(page, "Extend by 7 days")
            page.get_by_text("extended to ").wait_for()
            page.get_by_text(re.compile(r", in 6 d 23 h$")).wait_for()
        assert client.show(link.link_id).expires_at > link.expires_at
        with urlopen(link.url) as answer:
            assert answer.read() == b"content"
        click(page, "Revoke")
        click(page, "Revoke for good?")
        page.get_by_text("revoked", exact=True).first.wait_for()
        assert page.get_by_role("button").count() == 0
    with pytest.raises(HTTPError, match="410"):
        urlopen(link.url)


def test_what_has_ended_offers_no_link_and_takes_no_file(shown):
    for thing, secret in ((link(), SECRET), (form(), SECRET)):
        with shown(live(thing), secret) as page:
            offered = page.get_by_role("button").or_(page.get_by_label("files to upload"))
            offered.wait_for()
            page.clock.set_fixed_time(END + timedelta(seconds=1))
            page.get_by_text("ended ").wait_for()
            assert offered.count() == 0


@pytest.mark.nightly
def test_what_the_service_refuses_is_said(shown, service, bucket):
    client = service.client
    link = client.create(f"s3://{bucket}/a.csv", expires_in="1h")
    with shown(live(link, client=client), token_of(link.url)) as page:
        client.revoke(link.link_id)
        click(page, "Extend by 7 days")
        page.get_by_role("status").filter(has_text="revoked").wait_for()
        assert page.get_by_role("button", name="Copy", exact=True).count() == 1


def test_files_that_are_dropped_on_a_form_are_sent_with_a_bar_each(shown, local, bucket):
    form = daypass.request_upload(
        f"s3://{bucket}/dropped/", expires_in="1h", max_bytes=99, storage_options=local.storage_options
    )  # fmt: skip
    with shown(live(form), form.fields["x-amz-signature"]) as page:
        card = page.locator("main > div")
        card.evaluate(DROP, {"a b.csv": "1,2\n", "ä.csv": "3\n", "large.csv": "x" * 100})
        for name in ("a b.csv", "ä.csv"):
            page.get_by_text(f"{name}: is there").wait_for()
            bar = page.get_by_role("progressbar", name=name)
            assert bar.evaluate("bar => bar.value === bar.max")
        page.get_by_text("large.csv: the store answered 400").wait_for()
    assert stored(local, bucket, "dropped/a b.csv") == b"1,2\n"
    assert stored(local, bucket, "dropped/ä.csv") == b"3\n"


def test_files_that_are_dropped_on_a_form_of_google_are_sent_once_its_bucket_lets_the_page(shown):
    access, secret = "GOOG1EXAMPLE", "bGoa+V7g/yqDXvKRqq+JTFn4uQZbPiQJo4pf9RzJ"
    with gcs_front() as front:
        front.keys = {("GOOG4-HMAC-SHA256", access): hmac_verifier(secret)}
        bucket = front.buckets["inbox"] = Bucket()
        options = {"token": "anon", "endpoint_url": front.url}
        form = daypass.request_upload(
            "gs://inbox/in/",
            expires_in="1h",
            max_bytes=99,
            storage_options=options,
            signer_options={"hmac_access_id": access, "hmac_secret": secret},
        )
        with shown(live(form), form.fields["x-goog-signature"]) as page:
            card = page.locator("main > div")
            card.evaluate(DROP, {"early.csv": "1\n"})
            page.get_by_text("early.csv: not sent; the store has to let this page send").wait_for()
            bucket.cors = [
                {"origin": ["*"], "method": ["POST"], "responseHeader": ["content-type"]}
            ]
            card.evaluate(DROP, {"a b.csv": "1,2\n", "ä.csv": "3\n", "large.csv": "x" * 100})
            for name in ("a b.csv", "ä.csv"):
                page.get_by_text(f"{name}: is there").wait_for()
            page.get_by_text("large.csv: the store answered 400").wait_for()
    kept = {key: stored[-1].body for key, stored in bucket.objects.items()}
    assert kept == {"in/a b.csv": b"1,2\n", "in/ä.csv": b"3\n"}


@pytest.mark.nightly
@pytest.mark.parametrize("signer", ["", "links"])
def test_a_file_that_is_chosen_goes_to_a_link(shown, local, bucket, service, signer):
    where = (
        {"signer": "links", "signer_options": service.signer_options}
        if signer
        else {"storage_options": local.storage_options}
    )
    link = daypass.create_signed_url(
        f"s3://{bucket}/chosen{signer}.csv", method="PUT", expires_in="1h", content_type="text/csv", **where

    )  # fmt: skip
    secret = token_of(link.url) if signer else link.url.partition("Signature=")[2]
    with shown(live(link), secret) as page:
        chosen = {"name": "any.csv", "mimeType": "text/csv", "buffer": b"1\n"}
        page.get_by_label("files to upload").set_input_files(chosen)
        page.get_by_text("any.csv: is there").wait_for()
    assert stored(local, bucket, f"chosen{signer}.csv") == b"1\n"


@pytest.mark.nightly
def test_files_go_below_a_grant_and_to_a_link_of_the_client(shown, local, bucket, service):
    grant = daypass.create_signed_prefix(
        f"s3://{bucket}/granted/", method="PUT", expires_in="1h", signer="links", signer_options=service.signer_options,
    )  # fmt: skip
    with shown(live(grant), token_of(grant.url)) as page:
        page.locator("main > div").evaluate(DROP, {"a b.csv": "1\n", "c.csv": "2\n"})
        page.get_by_text("a b.csv: is there").wait_for()
        page.get_by_text("c.csv: is there").wait_for()
    assert stored(local, bucket, "granted/a b.csv") == b"1\n"
    client = service.client
    link = client.create(f"s3://{bucket}/of/it.csv", method="PUT", expires_in="1h")
    with shown(live(link, client=client), token_of(link.url)) as page:
        page.locator("main > div").evaluate(DROP, {"x.csv": "3\n", "y.csv": ""})
        page.get_by_text("one file goes here: x.csv is sent").wait_for()
        page.get_by_text("x.csv: is there").wait_for()
        click(page, "Revoke")
        click(page, "Revoke for good?")
        page.get_by_text("revoked", exact=True).first.wait_for()
        assert page.get_by_label("files to upload").count() == 0
    assert stored(local, bucket, "of/it.csv") == b"3\n"


@pytest.mark.nightly
def test_a_store_that_lets_no_page_send_is_told_of(shown, local):
    name = f"b{uuid4().hex[:12]}"
    local.client.create_bucket(Bucket=name)
    link = daypass.create_signed_url(
        f"s3://{name}/a.csv", method="PUT", expires_in="1h", storage_options=local.storage_options
    )
    with shown(live(link), link.url.partition("Signature=")[2]) as page:
        page.locator("main > div").evaluate(DROP, {"a.csv": "1\n"})
        page.get_by_text("a.csv: not sent; the store has to let this page send").wait_for()
