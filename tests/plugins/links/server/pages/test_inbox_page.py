"""Files sent to an inbox by its page, in a real browser, into LocalStack: what a person sees, and what is kept and shown of it."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from contextlib import contextmanager
from uuid import uuid4

import pytest

from daypass.gate.cors import plan_cors
from daypass.hookspecs.cors_rules import CorsRule
from daypass.store.store import Store
from daypass_links.server.pages.rendering import FILES
from tests.plugins.links.server.pages.watched import look, opened
from tests.servers.chromium import site
from tests.servers.install import uppy_script
from tests.servers.links import links_service

pytestmark = [pytest.mark.servers, pytest.mark.nightly]

MIB = 1 << 20
BODY = bytes(range(256)) * (20 * MIB // 256)


@pytest.fixture(scope="module")
def service(local, bucket, database):
    own = {
        **database,
        "DAYPASS_PROFILES__BOX__STORAGE_OPTIONS": json.dumps(local.storage_options),
    }
    configuration = f'[profiles.box]\nurl = "s3://{bucket}"\n'
    with links_service(configuration, own) as found:
        store = Store(f"s3://{bucket}", storage_options=local.storage_options)
        rule = CorsRule(origins=[found.address], methods=["PUT"])
        plan = plan_cors(store.backend, store.location, rule)
        local.client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [plan.rule]})
        yield found


@pytest.fixture
def inbox(service):
    """Make an inbox in a folder of its own."""

    def make(**asked):
        return service.client.create(f"daypass://box/{uuid4().hex[:8]}/", inbox=True, **asked)

    return make


@pytest.fixture
def stored(local, bucket):
    """Return what came into an inbox: the bytes by the names of files."""

    def found(link):
        prefix = link.path.removeprefix("daypass://box/")
        listed = local.client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {
            one["Key"].rpartition("/")[2]: local.client.get_object(Bucket=bucket, Key=one["Key"])[
                "Body"
            ].read()
            for one in listed
        }

    return found


class Below(str):
    """Where an inbox is asked, of which the console may say that it refuses."""

    __slots__ = ()

    def __contains__(self, place):
        return place.startswith(str(self))


def choose(page, *files):
    """Choose files, each a name, a media type and bytes."""
    page.locator("#picker").set_input_files(
        [{"name": name, "mimeType": kind, "buffer": body} for name, kind, body in files]
    )


def file(page, name):
    return page.locator(".file").filter(has=page.get_by_text(name, exact=True))


@contextmanager
def shown(browser, service, link, *, missing=(), **options):
    """Open an inbox; no policy is violated, and no token or signed URL stays anywhere."""
    with opened(browser, service, missing, **options) as page:
        page.goto(link.url)
        if options.get("java_script_enabled", True):
            page.locator("#pick").wait_for()
        yield page
        if options.get("java_script_enabled", True):
            kept = page.evaluate(
                "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
            )
            text = page.content() + kept
            assert "X-Amz-" not in text
            assert link.url.rpartition("/")[2] not in kept + page.title()


def test_a_file_is_sent_and_its_checksum_shown(browser, service, inbox, stored):
    link, body = inbox(max_bytes=MIB, max_uses=3), b"a,b\n1,2\n" * 9
    name = "<img src=x onerror=alert(1)>.csv"
    with shown(browser, service, link) as page:
        assert page.get_by_text("Each file: at most 1.0\N{NO-BREAK SPACE}MB").is_visible()
        assert page.get_by_text("3 more files may be sent").is_visible()
        choose(page, (name, "text/csv", body), ("big.bin", "", b"x" * (MIB + 1)), ("none", "", b""))
        file(page, name).get_by_text("Sent, and called").wait_for()
        assert file(page, name).get_by_text(hashlib.sha256(body).hexdigest()).is_visible()
        assert "at most 1.0\N{NO-BREAK SPACE}MB" in file(page, "big.bin").inner_text()
        assert "nothing in this file" in file(page, "none").inner_text()
        assert page.get_by_text("All sent").is_visible()
        assert page.locator("img").count() == 0
        assert look(page) == []
    assert stored(link) == {"_img src=x onerror=alert(1)_.csv": body}


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file of two parts, which a browser finds again as it was."""
    path = tmp_path_factory.mktemp("files") / "a.bin"
    path.write_bytes(BODY)
    return path


@contextmanager
def on_its_way(page, path=None):
    """Choose a file, and let its second part be there and its first be on its way; the block ends its connection, if nothing else has."""
    held = []
    page.route("**/*partNumber=1&*", lambda route: held.append(route))  # noqa: PLW0108 - a method of a list is none that it takes
    with page.expect_response(
        lambda one: "partNumber=2&" in one.url and one.request.method == "PUT"
    ):
        if path is None:
            page.locator("#pick").click()
        else:
            page.locator("#picker").set_input_files(path)
    yield
    for route in held:
        route.abort()
    page.unroute("**/*partNumber=1&*")


def place_of(link, page):
    """Return where the one file is asked about that a browser knows of."""
    (entries,) = page.evaluate("Object.values({...localStorage}).map(JSON.parse)")
    return f"{link.url}/uploads/{entries[0]['id']}"


def known_parts(link, page):
    """Return the parts that the store has of it."""
    with urllib.request.urlopen(place_of(link, page), timeout=30) as answer:
        return [part["number"] for part in json.load(answer)["parts"]]


@pytest.mark.parametrize("how", ["paused", "reloaded"])
def test_what_was_sent_stays_sent(browser, service, inbox, stored, large, how):
    link = inbox()
    with shown(browser, service, link) as page:
        with on_its_way(page, large):
            page.get_by_role("button", name="Pause: a.bin").click()
            file(page, "a.bin").get_by_text("Paused at").wait_for()
        assert known_parts(link, page) == [2]
        asked = []
        page.on("request", lambda one: asked.append(one.url) if one.method == "PUT" else None)
        if how == "paused":
            page.get_by_role("button", name="Go on: a.bin").click()
        else:
            page.reload()
            left = page.get_by_role("region", name="Not finished yet")
            assert "a.bin" in left.inner_text()
            page.locator("#picker").set_input_files(large)
        file(page, "a.bin").get_by_text("Sent", exact=True).wait_for()
        again = {int(one.partition("partNumber=")[2].partition("&")[0]) for one in asked}
        assert again == {1}
        assert page.get_by_text(hashlib.sha256(BODY).hexdigest()).is_visible()
        assert page.evaluate("localStorage.length") == 0
    assert stored(link) == {"a.bin": BODY}


#: Has the browser's own way to choose files give a handle to one in the page's private files: nobody is there to choose.
CHOOSES = """window.showOpenFilePicker = async () => {
    const root = await navigator.storage.getDirectory();
    return [await root.getFileHandle("a.bin", { create: true })];
}"""
#: Writes that file.
WRITES = """async (size) => {
    const [handle] = await window.showOpenFilePicker(), file = await handle.createWritable();
    await file.write(new Uint8Array(size).map((_, place) => place % 256));
    await file.close();
}"""


def test_a_file_that_the_browser_has_a_handle_of_goes_on_without_being_chosen(
    browser, service, inbox, stored
):
    link = inbox()
    with shown(browser, service, link) as page:
        page.context.add_init_script(CHOOSES)
        page.reload()
        page.evaluate(WRITES, len(BODY))
        with on_its_way(page):
            page.reload()
        page.get_by_role("button", name="Go on: a.bin").click()
        file(page, "a.bin").get_by_text("Sent", exact=True).wait_for()
        assert page.get_by_role("region", name="Not finished yet").count() == 0
    assert stored(link) == {"a.bin": BODY}


def test_what_the_service_knows_no_more_is_sent_anew(browser, service, inbox, stored, large):
    link = inbox()
    with shown(browser, service, link, missing=Below(f"/p/{link.url.rpartition('/')[2]}/")) as page:
        with on_its_way(page, large):
            page.get_by_role("button", name="Pause: a.bin").click()
            file(page, "a.bin").get_by_text("Paused at").wait_for()
        request = urllib.request.Request(place_of(link, page), method="DELETE")
        urllib.request.urlopen(request, timeout=30).close()
        page.get_by_role("button", name="Go on: a.bin").click()
        file(page, "a.bin").get_by_text("Sent", exact=True).wait_for()
        assert page.evaluate("localStorage.length") == 0
    assert stored(link) == {"a.bin": BODY}


def test_what_is_removed_leaves_nothing_behind(
    browser, service, inbox, stored, large, local, bucket
):
    link = inbox(max_uses=1)
    with shown(browser, service, link) as page:
        with (
            on_its_way(page, large),
            page.expect_response(lambda one: one.request.method == "DELETE"),
        ):
            page.get_by_role("button", name="Remove: a.bin").click()
        assert page.locator(".file").count() == 0
        assert page.evaluate("localStorage.length") == 0
        choose(page, ("b.txt", "text/plain", b"in its place"))
        file(page, "b.txt").get_by_text("Sent", exact=True).wait_for()
    assert stored(link) == {"b.txt": b"in its place"}
    mine = {"Bucket": bucket, "Prefix": link.path.removeprefix("daypass://box/")}
    assert "Uploads" not in local.client.list_multipart_uploads(**mine)


def test_a_link_that_is_taken_back_says_so_where_it_is_used(browser, service, inbox, stored, large):
    link = inbox()
    with shown(browser, service, link, missing=Below(f"/p/{link.url.rpartition('/')[2]}/")) as page:
        with on_its_way(page, large):
            service.client.revoke(link.link_id)
        file(page, "a.bin").get_by_text("has ended, or was taken back").wait_for()
    assert stored(link) == {}


def test_a_store_whose_rules_leave_the_page_out_is_named(browser, service, inbox, local, bucket):
    link = inbox()
    rules = local.client.get_bucket_cors(Bucket=bucket)["CORSRules"]
    local.client.delete_bucket_cors(Bucket=bucket)
    try:
        with refused_by_the_store(browser, link) as page:
            choose(page, ("a.txt", "text/plain", b"a"))
            page.get_by_text(f"its CORS rules must allow PUT from {service.address}").wait_for()
            assert look(page) == []
    finally:
        local.client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})


@contextmanager
def refused_by_the_store(browser, link):
    """Open an inbox in a browser whose console may say what it wants."""
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(link.url)
    yield page
    context.close()


def test_files_are_dropped_and_named_in_the_language_of_the_reader(browser, service, inbox, stored):
    link = inbox(content_types=["text/*"])
    with shown(browser, service, link, locale="de-DE") as page:
        page.evaluate(
            """() => {
                const data = new DataTransfer();
                data.items.add(new File(["hallo"], "a.txt", {type: "text/plain"}));
                data.items.add(new File(["hallo"], "a.exe", {type: "application/x-msdownload"}));
                const event = new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
                document.getElementById("drop").dispatchEvent(event);
            }"""
        )
        file(page, "a.txt").get_by_text("Gesendet", exact=True).wait_for()
        assert (
            file(page, "a.exe")
            .get_by_text("Dateien dieser Art werden hier nicht angenommen")
            .is_visible()
        )
    assert stored(link) == {"a.txt": b"hallo"}


def test_one_file_is_sent_without_a_script(browser, service, inbox, stored, large):
    link = inbox(max_bytes=30 * MIB, content_types=["application/*"])
    with shown(browser, service, link, java_script_enabled=False) as page:
        page.get_by_label("Name of the file").fill("../a.bin")
        page.get_by_role("button", name="Go on").click()
        assert page.get_by_text("It will be called a.bin there").is_visible()
        page.get_by_label("File").set_input_files(large)
        page.get_by_role("button", name="Send").click()
        page.get_by_role("heading", name="The file was sent").wait_for()
        assert link.url.rpartition("/")[2] not in page.url
    assert stored(link) == {"a.bin": BODY}


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(browser, service, inbox, large, mode):
    link = inbox(max_bytes=30 * MIB, max_uses=9)
    found = {}
    with shown(browser, service, link, missing=["/p/nothing"], color_scheme=mode) as page:
        found["empty"] = look(page)
        choose(page, ("none", "", b""), ("a.txt", "", b"a"))
        file(page, "a.txt").get_by_text("Sent", exact=True).wait_for()
        with on_its_way(page, large):
            found["sending"] = look(page)
            page.get_by_role("button", name="Pause all").click()
            found["paused"] = look(page)
        page.set_viewport_size({"width": 390, "height": 800})
        found["on a phone"] = look(page)
        page.reload()
        found["not finished"] = look(page)
    with shown(browser, service, link, color_scheme=mode) as page:
        page.goto(f"{service.address}/p/sent")
        found["sent"] = look(page)
    assert {state: broken for state, broken in found.items() if broken} == {}


#: Sends files with Uppy, as its documentation has it, and says what it was told.
UPPY = """async ([endpoint, files, multipart]) => {
    const uppy = new Uppy({ autoProceed: false });
    uppy.use(AwsS3, { companionEndpoint: endpoint, shouldUseMultipart: multipart });
    uppy.on("file-added", (file) => uppy.setFileMeta(file.id, { size: file.size }));
    for (const [name, type, size] of files) {
        const bytes = new Uint8Array(size).map((_, place) => place % 251);
        uppy.addFile({ name, type, data: new File([bytes], name, { type }) });
    }
    const result = await uppy.upload();
    return [result.successful.map((file) => file.name), result.failed.map((file) => file.error)];
}"""


@pytest.fixture(scope="module")
def elsewhere(browser, service, local, bucket):
    """A page of another site, with Uppy, whose origin the store allows."""
    with site() as other:
        rules = local.client.get_bucket_cors(Bucket=bucket)["CORSRules"]
        store = Store(f"s3://{bucket}", storage_options=local.storage_options)
        rule = CorsRule(origins=[other.origin], methods=["PUT", "POST"])
        plan = plan_cors(store.backend, store.location, rule)
        both = {"CORSRules": [*rules, plan.rule]}
        local.client.put_bucket_cors(Bucket=bucket, CORSConfiguration=both)
        other.pages["/uppy.js"] = ("text/javascript", uppy_script().read_bytes())
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(other.page("/", '<script src="/uppy.js"></script>'))
        yield page
        page.close()
        local.client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})


@pytest.mark.parametrize("multipart", [True, False], ids=["in parts", "by a form"])
def test_uppy_sends_files_from_another_site(elsewhere, inbox, stored, service, multipart):
    link = inbox(max_bytes=30 * MIB)
    files = [["../a.bin", "", 12 * MIB], ["b.txt", "text/plain", 300]]
    sent, failed = elsewhere.evaluate(UPPY, [link.url, files, multipart])
    assert (sorted(sent), failed) == (["../a.bin", "b.txt"], [])
    bodies = {name: bytes(place % 251 for place in range(251)) for name in ("a.bin", "b.txt")}
    assert {name: len(body) for name, body in stored(link).items()} == {
        "a.bin": 12 * MIB,
        "b.txt": 300,
    }
    assert all(stored(link)[name].startswith(body) for name, body in bodies.items())
    kinds = [event.kind for event in service.client.events(link.link_id)]
    assert kinds.count("use") == 2


@pytest.mark.parametrize("multipart", [True, False], ids=["in parts", "by a form"])
def test_uppy_is_held_to_the_limit_too(elsewhere, inbox, stored, multipart):
    link = inbox(max_bytes=MIB)
    sent, failed = elsewhere.evaluate(UPPY, [link.url, [["a.bin", "", 2 * MIB]], multipart])
    assert sent == []
    assert len(failed) == 1
    assert stored(link) == {}


#: Has files of some sizes hashed, one after the other, by the script that is at a path.
HASH = """async ([script, sizes]) => {
    const worker = new Worker(script), found = [];
    for (const [id, size] of sizes.entries()) {
        const bytes = new Uint8Array(size).map((_, place) => place % 251);
        worker.postMessage({ id, file: new File([bytes], "a") });
        found.push(await new Promise((done) => { worker.onmessage = ({ data }) => done(data.sha256); }));
    }
    return found;
}"""
#: Around whole blocks, the padding, and what is read at once.
SIZES = [1, 55, 56, 63, 64, 65, 119, 120, 128, MIB - 1, MIB, MIB + 65, 3 * MIB + 7]


@pytest.mark.parametrize(
    "before", ["", "Blob.prototype.stream = undefined;"], ids=["", "in pieces"]
)
def test_the_checksum_is_that_of_another_implementation(browser, before):
    with site() as other:
        script = before.encode() + FILES["sha256.js"]
        other.pages["/sha256.js"] = ("text/javascript", script)
        page = browser.new_page()
        page.goto(other.page("/", ""))
        found = page.evaluate(HASH, ["/sha256.js", SIZES])
        page.close()
    bodies = [(bytes(range(251)) * (size // 251 + 1))[:size] for size in SIZES]
    assert found == [hashlib.sha256(body).hexdigest() for body in bodies]
