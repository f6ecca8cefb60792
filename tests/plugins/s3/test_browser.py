"""A real browser uploads across origins, by the rule that ``daypass cors`` has set, and no further."""

import json
import subprocess
import sys
from uuid import uuid4

import pytest

import daypass
from tests.servers.chromium import chromium, site

#: Sends a file of so many bytes through a link.
PUT = """async ([link, headers, size]) => {
    const body = new Blob([new Uint8Array(size).fill(97)]);
    const answer = await fetch(link, {method: "PUT", headers, body});
    return [answer.status, answer.headers.get("ETag")];
}"""
#: Sends a file of so many bytes through a form.
POST = """async ([url, fields, size, name]) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.append(name, value);
    data.append("file", new Blob([new Uint8Array(size).fill(97)]), name);
    return (await fetch(url, {method: "POST", body: data})).status;
}"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def app():
    with site() as served:
        served.page("/", "<title>app</title>")
        served.page("/done", "<title>done</title>")
        yield served


@pytest.fixture
def stranger():
    with site() as served:
        served.page("/", "<title>stranger</title>")
        yield served


@pytest.fixture
def page(browser):
    context = browser.new_context()
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def rules(local, app):
    """What the command has made and applied to a bucket as its CORS rule."""
    bucket = f"b{uuid4().hex[:12]}"
    local.client.create_bucket(Bucket=bucket)
    options = [
        f"--storage-option={name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in local.storage_options.items()
    ]
    command = ["cors", f"s3://{bucket}", "--origin", app.origin, "--apply", "--yes"]
    # LocalStack takes headers by their whole names only; S3 itself would take x-amz-* for this one.
    command += ["--header", "x-amz-meta-by", *options]
    # In a process of its own: beside the browser's event loop, s3fs could not close its connections.
    done = subprocess.run(
        [sys.executable, "-m", "daypass.cli", *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert app.origin in done.stdout
    return local.client.get_bucket_cors(Bucket=bucket)["CORSRules"]


@pytest.fixture
def store(local, local_bucket, rules):
    """A bucket with the rule."""
    local.client.put_bucket_cors(Bucket=local_bucket, CORSConfiguration={"CORSRules": rules})
    return daypass.Store(f"s3://{local_bucket}", storage_options=local.storage_options)


@pytest.fixture
def stored(local, local_bucket):
    """Read back all that arrived: keys, and their media types."""

    def read():
        client = local.client
        found = client.list_objects_v2(Bucket=local_bucket).get("Contents", [])
        return {
            item["Key"]: client.head_object(Bucket=local_bucket, Key=item["Key"])["ContentType"]
            for item in found
        }

    return read


def test_fetch_puts_a_file_across_origins(page, app, store, stored):
    link = store.create_signed_url(
        "in/é b.png",
        method="PUT",
        content_type="image/png",
        metadata={"by": "me"},
        content_length=9,
    )
    headers = {name: value for name, value in link.headers.items() if name != "Content-Length"}
    page.goto(app.origin)
    status, etag = page.evaluate(PUT, [link.url, headers, 9])
    assert status == 200
    assert etag  # the rule exposes it
    assert stored() == {"in/é b.png": "image/png"}


def test_fetch_is_refused_another_type_and_another_size(page, app, store, stored):
    link = store.create_signed_url("k", method="PUT", content_type="image/png", content_length=9)
    page.goto(app.origin)
    assert page.evaluate(PUT, [link.url, {"Content-Type": "text/html"}, 9])[0] == 403
    assert page.evaluate(PUT, [link.url, {"Content-Type": "image/png"}, 10])[0] == 403
    assert stored() == {}


def test_a_script_sends_a_form_across_origins(page, app, store, stored):
    form = store.create_upload_form(
        "in/${filename}", content_type_prefix="image/", max_bytes=9, success_status=201
    )
    page.goto(app.origin)
    fields = {**form.fields, "Content-Type": "image/png"}
    assert page.evaluate(POST, [form.url, fields, 9, "naïve \U0001f511.png"]) == 201
    assert stored() == {"in/naïve \U0001f511.png": "image/png"}


def test_a_form_is_refused_another_type_and_another_size(page, app, store, stored):
    form = store.create_upload_form("k", content_type_prefix="image/", max_bytes=9)
    page.goto(app.origin)
    for kind, size in (("text/html", 9), ("image/png", 10)):
        fields = {**form.fields, "Content-Type": kind}
        assert page.evaluate(POST, [form.url, fields, size, "a"]) in (400, 403)
    assert stored() == {}


def test_pages_of_another_origin_are_refused(page, stranger, store, stored):
    from playwright.sync_api import Error

    link = store.create_signed_url("k", method="PUT", content_type="image/png")
    page.goto(stranger.origin)
    with pytest.raises(Error, match="Failed to fetch"):
        page.evaluate(PUT, [link.url, link.headers, 9])
    assert stored() == {}


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_a_plain_form_uploads_and_leads_on(page, app, store, stored, tmp_path, charset):
    """Without a rule's help, and with the names as they are, whatever the page's encoding."""
    form = store.create_upload_form(
        "in/é/${filename}",
        content_type_prefix="image/",
        metadata={"by": '"me" & <you>'},
        max_bytes=9,
        success_redirect=f"{app.origin}/done",
    )
    file = tmp_path / "naïve b.png"
    file.write_bytes(b"a" * 9)
    page.goto(app.page("/upload", f"<title>upload</title>{form.html()}", charset))
    page.set_input_files("input[type=file]", file)
    page.click("button")
    page.wait_for_url(f"{app.origin}/done?**")
    assert stored() == {"in/é/naïve b.png": "image/png"}


def test_a_plain_form_is_refused_another_type_and_another_size(page, app, store, stored, tmp_path):
    form = store.create_upload_form("k", content_type_prefix="image/", max_bytes=9)
    for name, size in (("a.txt", 9), ("a.png", 10)):
        file = tmp_path / name
        file.write_bytes(b"a" * size)
        page.goto(app.page("/upload", form.html()))
        page.set_input_files("input[type=file]", file)
        with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
            page.click("button")
        assert answer.value.status in (400, 403)
    assert stored() == {}
