"""Files sent to an inbox by whoever holds its link and no key, by the service as a process, into LocalStack."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64decode
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from unittest.mock import Mock
from uuid import uuid4

import boto3
import httpx
import pytest
import structlog
from azure.storage.blob import ContainerClient
from sqlalchemy import insert, text
from sqlalchemy.exc import OperationalError

import daypass
from daypass import errors
from daypass.errors import InvalidRequestError, ObjectNotFoundError, UnsupportedOptionError
from daypass_links.server.database.tables import inbox_upload
from daypass_links.server.inbox import sending
from daypass_links.server.inbox.admission import admitted
from daypass_links.server.links.arrivals import ClosedLinkError
from daypass_links.server.logs import log_as_json
from daypass_notebook.widget import live
from tests.servers.gcs_front import gcs_front
from tests.servers.gcs_objects import Bucket
from tests.servers.gcs_signatures import hmac_verifier
from tests.servers.links import links_service

MIB = 1 << 20
BODY = bytes(range(256)) * (17 * MIB // 256)


class RefusedError(Exception):
    """The service, or the store, has not done what was asked."""

    def __init__(self, status, told):
        super().__init__(status, told)
        self.status, self.told = status, told


def ask(method, url, body=None, headers=None):
    """Ask without a key; return what JSON says, and otherwise the headers."""
    text = json.dumps(body).encode() if isinstance(body, dict) else body
    headers = {"content-type": "application/json"} if headers is None else headers
    request = urllib.request.Request(url, text, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            said = answer.read()
            return json.loads(said) if said[:1] in b"[{" and said else answer.headers
    except urllib.error.HTTPError as error:
        with error:
            said = error.read()
        raise RefusedError(error.code, json.loads(said) if said[:1] == b"{" else said) from None


@pytest.fixture
def inbox(process):
    """Make an inbox in a folder of its own."""

    def make(**asked):
        return process.client.create(f"daypass://kit/in/{uuid4().hex[:8]}/", inbox=True, **asked)

    return make


def send(link, body=b"bytes", name="a.txt", **said):
    """Send a file as the page does, and return what the service says at the beginning and at the end."""
    begun = ask("POST", f"{link.url}/uploads", {"name": name, "size": len(body), **said})
    place = f"{link.url}/uploads/{begun['upload_id']}"
    numbers = list(range(1, begun["part_count"] + 1))
    for part in ask("POST", f"{place}/parts", {"numbers": numbers})["parts"]:
        first = (part["number"] - 1) * begun["part_size"]
        ask("PUT", part["url"], body[first : first + part["size"]], part["headers"])
    return begun, ask("POST", f"{place}/complete", {})


def stored(kit, link):
    """Return what is below an inbox: the bytes by key."""
    client, bucket = kit
    prefix = link.path.removeprefix("daypass://kit/")
    listed = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    keys = [one["Key"] for one in listed]
    return {
        key.removeprefix(prefix): client.get_object(Bucket=bucket, Key=key)["Body"].read()
        for key in keys
    }


def test_a_file_is_sent_in_parts_by_whoever_has_the_link_alone(inbox, kit, process):
    link = inbox(max_bytes=100 * MIB, content_types=["text/*"])
    assert re.fullmatch(re.escape(process.address) + r"/p/[A-Za-z0-9_-]{22}", link.url)
    assert link.inbox == {"max_bytes": 100 * MIB, "content_types": ["text/*"]}
    begun, made = send(link, BODY, "Bericht.csv", type="text/csv")
    place = f"{link.url}/uploads/{begun['upload_id']}"
    # Whoever was not told that it is there asks again.
    assert ask("POST", f"{place}/complete", {}) == made
    assert ask("GET", place)["is_complete"] is True
    assert (begun["part_count"], begun["name"]) == (2, "Bericht.csv")
    assert (made["name"], made["size"]) == ("Bericht.csv", len(BODY))
    ((key, body),) = stored(kit, link).items()
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d{6}Z-[0-9a-f]{16}/Bericht\.csv", key)
    assert body == BODY
    client, bucket = kit
    prefix = link.path.removeprefix("daypass://kit/")
    assert client.head_object(Bucket=bucket, Key=prefix + key)["ContentType"] == "text/csv"


def test_a_live_card_extends_and_revokes_a_link(process, monkeypatch):
    link = process.client.create("daypass://kit/in/live/", inbox=True, expires_in="1h")
    card = live(link, client=process.client)
    monkeypatch.setattr(card, "send", lambda _: None)
    before = card.shown["ends"]
    card._heard(card, {"ask": "extend", "by": "7d"}, [])
    kept = process.client.show(link.link_id)
    assert card.shown["ends"] == kept.expires_at.timestamp() * 1000
    assert card.shown["ends"] - before >= (7 * 86_400 - 3600) * 1000
    card._heard(card, {"ask": "revoke"}, [])
    assert (card.said, process.client.show(link.link_id).state) == ("revoked", "revoked")


def test_a_file_of_the_same_name_replaces_nothing(inbox, kit):
    link = inbox()
    send(link, b"first")
    send(link, b"second")
    assert sorted(stored(kit, link).values()) == [b"first", b"second"]


def test_what_a_stranger_calls_a_file_is_no_path(inbox, kit):
    link = inbox()
    send(link, name="../../out/\u202e<b>.html")
    (key,) = stored(kit, link)
    assert key.split("/")[1:] == ["_b_.html"]


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"size": 11}, 413, "too-large"),
        ({"size": 0}, 400, "invalid-request"),
        ({"size": 5, "type": "text/html"}, 422, "wrong-type"),
        ({"size": 5, "type": None}, 422, "wrong-type"),
        ({"size": -1}, 400, "invalid-request"),
        ({"size": 5, "name": ""}, 400, "invalid-request"),
        ({"size": 5, "key": "in/other"}, 400, "invalid-request"),
    ],
)
def test_what_the_inbox_does_not_take_is_refused_before_it_is_sent(inbox, kit, said, status, code):
    link = inbox(max_bytes=10, content_types=["image/*", "application/pdf"])
    asked = {"name": "a.png", "type": "image/png", **said}
    with pytest.raises(RefusedError) as raised:
        ask("POST", f"{link.url}/uploads", asked)
    assert (raised.value.status, raised.value.told["code"]) == (status, code)
    assert stored(kit, link) == {}


def test_the_store_takes_no_part_of_another_size(inbox):
    link = inbox(max_bytes=10)
    begun = ask("POST", f"{link.url}/uploads", {"name": "a", "size": 5})
    place = f"{link.url}/uploads/{begun['upload_id']}"
    (part,) = ask("POST", f"{place}/parts", {"numbers": [1]})["parts"]
    # Whoever sends says how much it is: here what it really is, and not what was signed.
    others = {name: said for name, said in part["headers"].items() if name != "Content-Length"}
    with pytest.raises(RefusedError) as raised:
        ask("PUT", part["url"], b"more than that", others)
    assert raised.value.status == 403
    with pytest.raises(RefusedError, match="1 of 1 parts are missing"):
        ask("POST", f"{place}/complete", {})


def test_as_many_files_are_sent_as_may_be_and_one_that_is_aborted_is_none(inbox, kit, process):
    link = inbox(max_uses=2)
    begun = ask("POST", f"{link.url}/uploads", {"name": "a", "size": 5})
    send(link, b"one")
    with pytest.raises(RefusedError) as raised:
        send(link, b"three")
    assert (raised.value.status, raised.value.told["code"]) == (410, "used-up")
    ask("DELETE", f"{link.url}/uploads/{begun['upload_id']}")
    send(link, b"two")
    assert sorted(stored(kit, link).values()) == [b"one", b"two"]
    assert process.client.show(link.link_id).state == "used_up"


def test_a_file_that_is_aborted_while_the_store_makes_it_is_one(server):
    link = server.link("daypass://maps/in/", inbox=True, max_uses=1)
    scope = {"headers": [], "client": ("203.0.113.9", 1), "scheme": "http"}
    holder = admitted(server.service, scope, link["url"].rpartition("/")[2])
    sending.taken_use(server.service, holder)
    row = {"id": "upl_1", "link_id": link["link_id"], "key": "in/a", "store_id": "1", "size": 5}
    row |= {"part_size": 5, "is_complete": False, "options": {}, "created_at": 0}
    with server.service.databases.main.begin() as connection:
        connection.execute(insert(inbox_upload), row)
    store = Mock(size=5, part_size=5)
    store.list_parts.return_value = [daypass.UploadedPart(number=1, size=5, etag="e")]
    one = sending.Sending("upl_1", "in/a", store)
    # As it is in another process at the same time; what a store does not know any more is aborted.
    store.complete.side_effect = lambda _: sending.abort(server.service, holder, one)
    sending.complete(server.service, holder, one)
    with pytest.raises(ClosedLinkError, match="as many files were sent as may be"):
        sending.taken_use(server.service, holder)
    store.complete.reset_mock()
    with pytest.raises(ObjectNotFoundError, match="it was aborted"):
        sending.complete(server.service, holder, one)
    store.complete.assert_not_called()


def test_what_was_sent_is_known_after_a_break_and_gone_after_an_abort(inbox, kit):
    link = inbox()
    begun = ask("POST", f"{link.url}/uploads", {"name": "a", "size": len(BODY)})
    place = f"{link.url}/uploads/{begun['upload_id']}"
    assert ask("GET", place)["parts"] == []
    (part,) = ask("POST", f"{place}/parts", {"numbers": [2]})["parts"]
    ask("PUT", part["url"], BODY[begun["part_size"] :], part["headers"])
    (known,) = ask("GET", place)["parts"]
    assert (known["number"], known["size"]) == (2, MIB)
    ask("DELETE", place)
    with pytest.raises(RefusedError) as raised:
        ask("GET", place)
    assert raised.value.status == 404
    client, bucket = kit
    mine = {"Bucket": bucket, "Prefix": link.path.removeprefix("daypass://kit/")}
    assert "Uploads" not in client.list_multipart_uploads(**mine)


def test_nobody_goes_on_with_what_came_by_another_link(inbox):
    link, other = inbox(), inbox()
    begun = ask("POST", f"{link.url}/uploads", {"name": "a", "size": 5})
    for method, rest, body in (
        ("GET", "", None),
        ("POST", "/parts", {"numbers": [1]}),
        ("POST", "/complete", {}),
        ("DELETE", "", None),
    ):
        with pytest.raises(RefusedError) as raised:
            ask(method, f"{other.url}/uploads/{begun['upload_id']}{rest}", body)
        assert raised.value.status == 404


def test_a_revoked_link_ends_what_is_on_its_way(inbox, process):
    link = inbox()
    begun = ask("POST", f"{link.url}/uploads", {"name": "a", "size": 5})
    process.client.revoke(link.link_id)
    with pytest.raises(RefusedError) as raised:
        ask("POST", f"{link.url}/uploads/{begun['upload_id']}/parts", {"numbers": [1]})
    assert (raised.value.status, raised.value.told["code"]) == (410, "revoked")


def test_an_inbox_leads_nowhere_by_itself(inbox, process):
    token = inbox().url.rpartition("/")[2]
    with pytest.raises(RefusedError) as raised:
        ask("PUT", f"{process.address}/l/{token}/name-of-mine.txt", b"bytes", {})
    assert (raised.value.status, raised.value.told["code"]) == (403, "inbox")


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_an_inbox_lists_nothing_of_what_is_there(inbox, process, kit, accept):
    link = inbox()
    send(link, b"bytes", "secret-name.txt")
    (key,) = stored(kit, link)
    folder, token = key.partition("/")[0], link.url.rpartition("/")[2]
    with httpx.Client(trust_env=False, headers={"accept": accept}) as client:
        for place in ("l/{}/", "l/{}/{}/", "l/{}/{}/secret-name.txt", "p/{}/in/{}/", "p/{}/in/{}"):
            answer = client.get(f"{process.address}/{place.format(token, folder)}")
            assert answer.status_code >= 400
            assert "secret-name" not in answer.text
        assert folder not in client.get(link.url).text


@pytest.mark.parametrize("token", ["a" * 22, "short", "%00", "ü" * 22])
def test_every_other_token_is_answered_alike(process, token):
    with pytest.raises(RefusedError) as raised:
        ask(
            "POST",
            f"{process.address}/p/{urllib.parse.quote(token)}/uploads",
            {"name": "a", "size": 1},
        )
    assert (raised.value.status, raised.value.told["code"]) == (404, "unknown-link")


def test_a_link_that_is_no_inbox_takes_no_files_so(process):
    link = process.client.create("daypass://kit/in/plain/", prefix=True, method="PUT")
    place = link.url.rstrip("/").replace("/l/", "/p/")
    with pytest.raises(RefusedError) as raised:
        ask("POST", f"{place}/uploads", {"name": "a", "size": 5})
    assert raised.value.status == 404


def test_each_file_is_a_use_on_record_and_so_is_what_was_refused(inbox, process):
    link = inbox(max_bytes=10)
    send(link, b"bytes", "a.txt")
    with pytest.raises(RefusedError, match="too-large"):
        send(link, b"more than ten bytes")
    events = ask(
        "GET",
        f"{process.address}/v1/links/{link.link_id}/events",
        headers={"authorization": f"Bearer {process.key}"},
    )["items"]
    kinds = [one["kind"] for one in events]
    assert kinds == ["mint", "upload", "sign", "signed", "use", "refuse"]
    use, refused = events[4], events[5]
    assert (use["size"], use["method"], use["key"].rpartition("/")[2]) == (5, "PUT", "a.txt")
    assert refused["why"] == "too-large"
    assert process.client.show(link.link_id).uses == 1
    token = link.url.rpartition("/")[2]
    assert token not in json.dumps(events)
    assert "X-Amz-Signature" not in json.dumps(events)


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        ({"method": "GET"}, InvalidRequestError, "PUT alone"),
        ({"content_types": ["image"]}, InvalidRequestError, "media types"),
        ({"max_bytes": -1}, InvalidRequestError, "max_bytes"),
        ({"max_bytes": 0}, InvalidRequestError, "max_bytes"),
        ({"content_type": "text/csv"}, UnsupportedOptionError, "content_type"),
        ({"referrers": ["a.example"]}, UnsupportedOptionError, "referrers"),
        ({"content_length": 5}, UnsupportedOptionError, "content_length"),
    ],
)
def test_what_says_nothing_of_an_inbox_is_refused_by_name(inbox, asked, kind, said):
    with pytest.raises(kind, match=said):
        inbox(**asked)


def test_an_inbox_is_a_folder_by_its_path(process):
    """What looks like a file would become a folder of its name."""
    with pytest.raises(errors.InvalidPathError, match=r"kit/in/report\.pdf/"):
        process.client.create("daypass://kit/in/report.pdf", inbox=True)


def test_the_roots_hold_for_an_inbox_too(process):
    with pytest.raises(errors.RefusedError):
        process.client.create("daypass://kit/elsewhere/", inbox=True)


def post_form(form, body):
    """Send a file by a form, as a browser does; return the status."""
    with httpx.Client(trust_env=False) as client:
        return client.post(form["url"], data=form["fields"], files={"file": body}).status_code


def test_uppy_sends_a_small_file_by_a_form_that_the_store_holds_to_the_limit(inbox, kit):
    link = inbox(max_bytes=10, max_uses=2)
    query = "filename=..%2Fa.txt&type=text%2Fplain&metadata%5Bname%5D=a.txt"
    form = ask("GET", f"{link.url}/s3/params?{query}")
    assert form["method"] == "POST"
    assert post_form(form, b"more than ten bytes") == 400
    assert post_form(form, b"ten bytes.") == 204
    ((key, body),) = stored(kit, link).items()
    assert (key.rpartition("/")[2], body) == ("a.txt", b"ten bytes.")
    ask("GET", f"{link.url}/s3/params?{query}")
    with pytest.raises(RefusedError, match="used-up"):
        ask("GET", f"{link.url}/s3/params?{query}")


def lives(fields):
    """Return how long a form can be sent from now on, in seconds, as its policy says."""
    policy = json.loads(b64decode({name.lower(): text for name, text in fields.items()}["policy"]))
    return (datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)).total_seconds()


def test_a_form_outlives_a_revoked_link_no_longer_than_it_takes_to_send_one(server):
    """A program sends it at once, as it does a part; a person has to choose a file first, and is told how long it may take."""
    link = server.link("daypass://maps/in/", inbox=True)
    place = link["url"].removeprefix("http://127.0.0.1:8321")
    asked = server.ask("GET", f"{place}/s3/params?filename=a.txt&type=text%2Fplain").json()
    assert 0 < lives(asked["fields"]) <= 60
    text = server.ask("POST", f"{place}/form", data={"name": "a.txt"}).text
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text)
    assert 60 < lives(dict(fields)) <= 900
    assert "within 15 minutes" in text


def test_uppy_sends_in_parts_in_words_of_its_own(inbox, kit):
    link = inbox(max_bytes=10 * MIB)
    body, place = BODY[: 6 * MIB], f"{link.url}/s3/multipart"
    asked = {"filename": "a.bin", "type": "image/png", "metadata": {"name": "a.bin"}}
    with pytest.raises(RefusedError, match="metadata size"):
        ask("POST", place, asked)
    asked["metadata"]["size"] = str(len(body))
    begun = ask("POST", place, asked)
    one = f"{place}/{begun['uploadId']}"
    for number, first in ((1, 0), (2, 5 * MIB)):
        part = ask("GET", f"{one}/{number}?key={begun['key']}")
        ask("PUT", part["url"], body[first : first + 5 * MIB], part["headers"])
    told = ask("GET", f"{one}?key={begun['key']}")
    assert [(part["PartNumber"], part["Size"]) for part in told] == [(1, 5 * MIB), (2, MIB)]
    assert ask("POST", f"{one}/complete", {"parts": []})["key"] == "a.bin"
    assert [*stored(kit, link).values()] == [body]


def test_pages_of_any_site_may_ask_in_the_words_of_uppy(inbox):
    place = f"{inbox().url}/s3/multipart"
    asked = {"filename": "a", "metadata": {"size": 5}}
    with httpx.Client(trust_env=False) as client:
        answers = [client.options(place), client.post(place, json=asked)]
        answers.append(client.delete(f"{place}/{answers[1].json()['uploadId']}"))
    assert [one.status_code for one in answers] == [204, 200, 200]
    assert {one.headers["access-control-allow-origin"] for one in answers} == {"*"}
    assert answers[0].headers["access-control-allow-methods"] == "GET, POST, DELETE"


@contextmanager
def on_azure(servers):
    """Run a service before a container of Azurite; give the service and what lists its bytes."""
    server, name = servers("azurite"), f"c{uuid4().hex}"
    admin = ContainerClient.from_connection_string(server.connection_string, name)
    admin.create_container()
    options = json.dumps({"connection_string": server.connection_string})
    with (
        admin,
        links_service(
            f'[profiles.kit]\nurl = "az://{name}"\n',
            {"DAYPASS_PROFILES__KIT__STORAGE_OPTIONS": options},
        ) as running,
    ):
        yield (
            running,
            lambda: {one: admin.download_blob(one).readall() for one in admin.list_blob_names()},
        )


@contextmanager
def on_gcs(_):
    """Do the same before a stand-in for Cloud Storage's XML API."""
    access, secret = "GOOG1EXAMPLE", "bGoa+V7g/yqDXvKRqq+JTFn4uQZbPiQJo4pf9RzJ"
    with gcs_front() as front:
        front.keys = {("GOOG4-HMAC-SHA256", access): hmac_verifier(secret)}
        bucket = front.buckets["inbox"] = Bucket()
        told = {
            "STORAGE_OPTIONS": json.dumps({"token": "anon", "endpoint_url": front.url}),
            "SIGNER_OPTIONS": json.dumps({"hmac_access_id": access, "hmac_secret": secret}),
        }
        env = {f"DAYPASS_PROFILES__KIT__{name}": text for name, text in told.items()}
        with links_service('[profiles.kit]\nurl = "gs://inbox"\n', env) as running:
            yield running, lambda: {key: stored[-1].body for key, stored in bucket.objects.items()}


@pytest.mark.nightly
@pytest.mark.parametrize("on_store", [on_azure, on_gcs])
def test_files_come_into_other_stores_too_and_none_of_another_size(servers, on_store):
    with on_store(servers) as (running, stored):
        link = running.client.create("daypass://kit/in/", inbox=True, max_bytes=20 * MIB)
        begun, made = send(link, BODY, "a.bin")
        assert (begun["part_count"], made["size"]) == (2, len(BODY))
        ((key, body),) = stored().items()
        assert re.fullmatch(r"in/[^/]+/a\.bin", key)
        assert body == BODY
        begun = ask("POST", f"{link.url}/uploads", {"name": "b", "size": 5})
        place = f"{link.url}/uploads/{begun['upload_id']}"
        (part,) = ask("POST", f"{place}/parts", {"numbers": [1]})["parts"]
        others = {name: said for name, said in part["headers"].items() if name != "Content-Length"}
        with suppress(RefusedError):  # where the store binds a size
            ask("PUT", part["url"], b"more than that", others)
        with pytest.raises(RefusedError, match="part"):
            ask("POST", f"{place}/complete", {})
        assert len(stored()) == 1


@pytest.mark.nightly
def test_files_are_counted_on_postgresql_too(servers, kit):
    _, bucket = kit
    env = {
        "DAYPASS_SERVER__DATABASE": servers("postgres").database(),
        "DAYPASS_PROFILES__KIT__STORAGE_OPTIONS": json.dumps(servers("localstack").storage_options),
    }
    with links_service(f'[profiles.kit]\nurl = "s3://{bucket}"\n', env) as running:
        link = running.client.create("daypass://kit/in/pg/", inbox=True, max_uses=1)
        begun = ask("POST", f"{link.url}/uploads", {"name": "a", "size": 5})
        ask("DELETE", f"{link.url}/uploads/{begun['upload_id']}")
        send(link, b"bytes")
        with pytest.raises(RefusedError, match="used-up"):
            send(link, b"bytes")
        assert running.client.show(link.link_id).uses == 1


def test_no_token_is_in_the_log_of_what_fails(server, capsys, monkeypatch):
    token = server.link("daypass://maps/in/", inbox=True)["url"].rpartition("/")[2]
    other = server.link("daypass://maps/", prefix=True)["url"].split("/")[-2]
    log_as_json()
    for error in (OperationalError("", {}, Exception()), RuntimeError("it fails")):
        with monkeypatch.context() as patch:
            patch.setattr(server.service.changes, "look", Mock(side_effect=error))
            for page in (f"/p/{token}", f"/p/{other}/in/a", f"/l/{other}/", f"/l/{other}/a/"):
                assert server.ask("GET", page).status_code in (500, 503)
    with server.service.databases.main.begin() as connection:
        connection.execute(text("ALTER TABLE inbox_upload RENAME TO elsewhere"))
    answer = server.ask("GET", f"/p/{token}/uploads/upl_1")
    assert (answer.status_code, answer.json()["code"]) == (503, "database-failed")
    structlog.reset_defaults()
    said = "".join(capsys.readouterr())
    assert "the database failed, and the API" in said
    assert 'the database failed"' in said
    assert "a page failed" in said
    assert token not in said
    assert other not in said


@pytest.mark.nightly
def test_a_session_that_is_narrowed_to_the_inbox_is_enough(servers):
    server = servers("ministack-iam")
    iam = boto3.client(
        "iam",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret,
    )
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    anything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    trust, may = (
        json.dumps({"Version": "2012-10-17", "Statement": [one]}) for one in (anybody, anything)
    )
    role = iam.create_role(RoleName="inbox", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="inbox", PolicyName="all", PolicyDocument=may)
    server.client.create_bucket(Bucket="narrow")
    narrow = {"role_arn": role, "endpoint_url": server.endpoint}
    env = {
        "DAYPASS_PROFILES__KIT__STORAGE_OPTIONS": json.dumps(server.storage_options),
        "DAYPASS_PROFILES__KIT__SIGNER_OPTIONS": json.dumps({"narrow": narrow}),
    }
    with links_service('[profiles.kit]\nurl = "s3://narrow"\n', env) as running:
        link = running.client.create("daypass://kit/in/", inbox=True)
        send(link, BODY, "a.bin")
        begun = ask("POST", f"{link.url}/uploads", {"name": "b", "size": 5})
        ask("DELETE", f"{link.url}/uploads/{begun['upload_id']}")
    (made,) = server.client.list_objects_v2(Bucket="narrow")["Contents"]
    assert made["Size"] == len(BODY)
