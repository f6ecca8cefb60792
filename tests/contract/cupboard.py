"""A backend for ``cupboard://``, whole in one module, as a third party writes it: from the docs, with public names.

The kit's own tests break it, one rule at a time.
"""

import http.client
import json
import secrets
from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from daypass import (
    BackendInfo,
    CredentialsError,
    DeadlineError,
    Explanation,
    InvalidRequestError,
    ObjectMetadata,
    ObjectNotFoundError,
    PartLimits,
    RequestCheck,
    SignedPrefix,
    SignedURL,
    SignedURLBatch,
    StoreError,
    UnsupportedOptionError,
    UploadedPart,
    UploadForm,
    hookimpl,
)
from daypass.toolkit.v4 import HmacKey


@hookimpl
def describe_backend():
    return BackendInfo(
        name="cupboard",
        methods={"GET", "HEAD", "PUT", "DELETE", "LIST"},
        enforces={
            "starts_at",
            "content_type",
            "content_md5",
            "add_content_md5_metadata",
            "content_length",
            "max_bytes",
            "if_absent",
            "metadata",
            "headers",
            "ip_range",
            "max_uses",
            "referrers",
            "filename",
            "inline",
            "response_content_type",
            "response_content_disposition",
            "signing_time",
            "stable_for",
        },
        max_expires_in=604_800,
        max_key_bytes=900,
        versions=True,
        public_endpoint=True,
        prefixes=True,
        secret_query_keys={"sig"},
        forms=True,
        form_enforces={"content_type", "max_bytes", "signing_time"},
        multipart=PartLimits(min_part_size=4, max_part_size=1 << 20, max_parts=9, max_size=1 << 22),
    )


def _headers(request):
    headers = dict(request.headers or {})
    if request.content_type:
        headers["Content-Type"] = request.content_type
    if request.content_md5:
        headers["Content-MD5"] = request.content_md5
    if request.if_absent:
        headers["If-None-Match"] = "*"
    for name, value in request.object_metadata.items():
        headers[f"x-cup-meta-{name}"] = value
    return headers


def _address(text):
    if text is not None and set(text) & set("-/"):
        msg = "a cupboard binds one address, and no range of them"
        raise UnsupportedOptionError(msg, option="ip_range", backend="cupboard")
    return text


def _query(location, request, headers):
    size = request.content_length
    return {
        "at": int(request.signing_time.timestamp()),
        "end": int(request.expires_at.timestamp()),
        "from": None if request.starts_at is None else int(request.starts_at.timestamp()),
        "ip": _address(request.ip_range),
        "uses": request.max_uses,
        "pages": ",".join(request.referrers or ()) or None,
        "least": size,
        "most": request.max_bytes if size is None else size,
        "version": location.version,
        "prefix": location.key if request.method == "LIST" else None,
        "type": request.response_content_type,
        "disposition": request.disposition,
        "headers": ";".join(sorted(name.lower() for name in headers)),
    }


@hookimpl
def create_signed_url(location, request):
    return _link(location, request)


def _options(location):
    if location.has_fs:
        return {"endpoint": location.fs.endpoint, "secret": location.fs.secret}
    return location.storage_options


def _link(location, request, **more):
    options = _options(location)
    secret = options.get("secret")
    if not secret:
        msg = "no secret: give one in storage_options"
        raise CredentialsError(msg)
    headers = _headers(request)
    query = "&".join(
        f"{name}={quote(str(value), safe='')}"
        for name, value in {**_query(location, request, headers), **more}.items()
        if value is not None
    )
    endpoint = location.public_endpoint or options["endpoint"]
    listing = request.method == "LIST"
    path = f"/{location.bucket}/{'' if listing else quote(location.key, safe='/~')}"
    lines = [
        f"{name.lower()}:{value}"
        for name, value in sorted(headers.items(), key=lambda h: h[0].lower())
    ]
    method = "GET" if listing else request.method
    message = "\n".join([method, f"{path}?{query}", *lines])
    signature = HmacKey(secret.encode()).hex(message.encode())
    return SignedURL(
        url=f"{endpoint}{path}?{query}&sig={signature}",
        method=request.method,
        headers=headers,
        expires_at=request.expires_at,
        expires_because="requested",
        permits=frozenset({request.method}),
        unenforced=frozenset(),
        path=location.path,
        backend="cupboard",
    )


@hookimpl
def create_signed_prefix(location, request):
    listing = request.method == "LIST"
    bound = {"within": location.key, "prefix": None} if listing else {"below": location.key}
    link = _link(location, request, **bound)
    url, _, query = link.url.partition("?")
    return SignedPrefix(
        url=url,
        query=f"{query}&prefix={quote(location.key, safe='~')}" if listing else query,
        method=link.method,
        headers=link.headers,
        expires_at=link.expires_at,
        expires_because=link.expires_because,
        permits=link.permits,
        unenforced=link.unenforced,
        path=link.path,
        backend=link.backend,
    )


@hookimpl
def explain_url(url):
    end = _moment(url.get("end"))
    if url.get("sig") is None or end is None:
        return None
    return Explanation(
        url=url.url,
        backend="cupboard",
        scheme="a cupboard's signature",
        key=url.key.partition("/")[2],
        starts_at=_moment(url.get("from")),
        expires_at=end,
        headers=tuple(filter(None, (url.get("headers") or "").split(";"))),
        now=url.now,
    )


def _moment(text):
    try:
        return datetime.fromtimestamp(int(text or ""), UTC)
    except (ValueError, OverflowError, OSError):
        return None


@hookimpl
def verify_url(location, sent):
    secret = sent.key or location.storage_options.get("secret")
    return RequestCheck(text=_text, right=HmacKey(secret.encode()).hex, parameter="sig")


def _text(sent):
    rest = {"sig", "prefix"} if sent.get("within") is not None else {"sig"}
    query = "&".join(f"{name}={value}" for name, value in sent.query if name not in rest)
    names = filter(None, (sent.get("headers") or "").split(";"))
    lines = [f"{name}:{sent.headers.get(name)}" for name in names]
    path = sent.path
    if sent.get("below") is not None:
        path = f"/{path.split('/')[1]}/{quote(sent.get('below'), safe='/~')}"
    return "\n".join([sent.method, f"{path}?{query}", *lines]).encode()


@hookimpl
def create_signed_urls(location, keys, request):
    return SignedURLBatch.of_rows([create_signed_url(location.at(key), request) for key in keys])


@hookimpl
def create_upload_form(location, request):
    named = location.key.endswith("${filename}")
    starts = {"key": location.key.removesuffix("${filename}")} if named else {}
    fields = {"Content-Type": request.content_type} if request.content_type else {}
    conditions = [{"bucket": location.bucket}]
    conditions += [{name: value} for name, value in fields.items()]
    conditions.append(["starts-with", "$key", starts["key"]] if named else {"key": location.key})
    if request.max_bytes is not None:
        conditions.append(["content-length-range", 0, request.max_bytes])
    end = request.expires_at.isoformat()
    policy = b64encode(json.dumps({"expiration": end, "conditions": conditions}).encode())
    options = _options(location)
    secret = options["secret"].encode()
    endpoint = location.public_endpoint or options["endpoint"]
    return UploadForm(
        url=f"{endpoint}/{location.bucket}",
        fields={
            **fields,
            "key": location.key,
            "policy": policy.decode(),
            "signature": HmacKey(secret).hex(policy),
        },
        starts_with=starts,
        expires_at=request.expires_at,
        expires_because="requested",
        unenforced=frozenset(),
        path=location.path,
        backend="cupboard",
    )


@hookimpl
def create_multipart_upload(location, request):
    return Upload(location, request)


class Upload:
    def __init__(self, location, request):
        self.location = location
        self.request = request

    def headers(self):
        return _headers(self.request)

    def begin(self):
        return secrets.token_hex(8)

    def check_id(self, upload_id):
        if not upload_id.isalnum():
            msg = "an id has letters and digits alone"
            raise InvalidRequestError(msg, option="upload_id")

    def sign_part(self, upload_id, number, request):
        return _link(self.location, request, part=number, upload=upload_id)

    def list_parts(self, upload_id):
        sizes = _ask_owner("PARTS", self.location, {"X-Upload": upload_id})
        return [UploadedPart(number=int(number), size=size) for number, size in sizes.items()]

    def complete(self, upload_id, parts):
        _ask_owner("JOIN", self.location, {"X-Upload": upload_id, **_headers(self.request)})
        return ObjectMetadata(path=self.location.path, key=self.location.key)

    def abort(self, upload_id):
        _ask_owner("DROP", self.location, {"X-Upload": upload_id})


def _ask_owner(command, location, headers):
    options = _options(location)
    host = urlsplit(options["endpoint"]).netloc
    path = f"/{location.bucket}/{quote(location.key, safe='/~')}"
    connection = http.client.HTTPConnection(host, timeout=location.deadline)
    try:
        owner = {"X-Owner": options["secret"]}
        connection.request(command, path, headers={**owner, **headers})
        answer = connection.getresponse()
        body = answer.read()
    except TimeoutError as error:
        msg = "the cupboard did not answer in time"
        raise DeadlineError(msg) from error
    except OSError as error:
        msg = "the cupboard cannot be reached"
        raise StoreError(msg) from error
    finally:
        connection.close()
    if answer.status == 404:
        msg = f"{location.path} is missing"
        raise ObjectNotFoundError(msg)
    if answer.status != 200:
        msg = f"the cupboard answered {answer.status}"
        raise StoreError(msg, status=answer.status)
    return json.loads(body)


@hookimpl
def head_metadata(location):
    headers = {"X-Version": location.version or "", **(location.reading.headers or {})}
    found = _ask_owner("INFO", location, headers)
    return ObjectMetadata(
        path=location.path,
        key=location.key,
        size=found["size"],
        etag=found["etag"],
        last_modified=datetime.fromtimestamp(found["changed"], UTC),
        content_type=found["headers"].get("content-type"),
        version=found["version"],
        metadata={
            name.removeprefix("x-cup-meta-"): value
            for name, value in found["headers"].items()
            if name.startswith("x-cup-meta-")
        },
    )
