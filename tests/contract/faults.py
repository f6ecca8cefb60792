"""What can be wrong with a backend: each fault as a change to the text of ``cupboard.py``, or of what is around it."""

import attrs

#: The fault, what is changed, into what, and the rule that must see it.
FAULTS = {
    "declares pages and has none": (
        '            "stable_for",\n',
        '            "stable_for",\n            "max_keys",\n',
        "test_what_shapes_a_listing_is_part_of_the_link_or_refused['max_keys']",
    ),
    "explains another key": (
        'key=url.key.partition("/")[2],',
        "key=url.key,",
        "test_explain_tells_what_a_link_was_made_of",
    ),
    "explains with the signature": (
        'scheme="a cupboard\'s signature",',
        'scheme=url.get("sig"),',
        "test_explain_shows_no_secret",
    ),
    "explains no end": (
        "expires_at=end,\n        headers",
        "expires_at=None,\n        headers",
        "test_explain_tells_the_end_that_a_url_tells",
    ),
    "explains the URLs of others": (
        'if url.get("sig") is None or end is None:',
        "if url.key is None:",
        "test_explain_leaves_the_urls_of_others_alone",
    ),
    "explains with an exception": (
        "except (ValueError, OverflowError, OSError):",
        "except ValueError:",
        "test_explain_raises_for_no_text",
    ),
    "signs addresses in a form that its server refuses": (
        'if text is not None and set(text) & set("-/"):',
        "if False:",
        "test_every_form_of_addresses_works_or_is_refused",
    ),
    "explains no end in time": (
        "expires_at=end,\n        headers",
        "expires_at=end.replace(year=9999),\n        headers",
        "test_explain_tells_what_a_link_was_made_of",
    ),
    "explains an end that it forgets": (
        "now=url.now,",
        "now=datetime(2000, 1, 1, tzinfo=UTC),",
        "test_explain_knows_a_link_that_has_ended",
    ),
    "verifies by another rule than it signs": (
        'return "\\n".join([sent.method, f',
        'return "\\t".join([sent.method, f',
        "test_verify_lets_a_link_pass",
    ),
    "verifies everything": (
        'text=_text, right=HmacKey(secret.encode()).hex, parameter="sig"',
        "text=_text, signs=lambda text: True",
        "test_verify_refuses_a_changed_link",
    ),
    "permits more than it says": (
        "permits=frozenset({request.method})",
        "permits=frozenset({request.method, 'HEAD', 'GET'})",
        "test_permits_names_what_a_link_really_allows",
    ),
    "permits less than it says": (
        'method = "GET" if listing else',
        'method = "GET" if request.method in ("HEAD", "LIST") else',
        "test_permits_names_what_a_link_really_allows",
    ),
    "mixes up the parts of an upload": (
        "part=number, upload=upload_id",
        "part=3 - number, upload=upload_id",
        "test_an_object_goes_up_in_parts",
    ),
    "does not say with which headers an upload in parts begins": (
        "return _headers(self.request)",
        "return None",
        "test_an_upload_in_parts_says_the_headers_that_it_begins_with",
    ),
    "shows an upload that is not complete": (
        "_link(self.location, request, part=number, upload=upload_id)",
        "_link(self.location, request)",
        "test_nothing_is_there_before_an_upload_is_completed",
    ),
    "never ends": (
        '"end": int(request.expires_at.timestamp())',
        '"end": int(request.signing_time.timestamp()) + 600_000',
        "test_a_link_is_dead_after_its_end",
    ),
    "ends before it says": (
        '"end": int(request.expires_at.timestamp())',
        '"end": int(request.expires_at.timestamp()) - 60',
        "test_a_link_lives_until_its_end",
    ),
    "has a clock of its own": (
        '"at": int(request.signing_time.timestamp())',
        '"at": __import__("time").time_ns() // 10**9 - __import__("time").time_ns() % 97',
        "test_the_same_input_gives_the_same_link",
    ),
    "invents a limit on lifetimes": (
        "max_expires_in=604_800",
        "max_expires_in=3600",
        "test_the_limit_on_lifetimes_is_the_stores_own",
    ),
    "overstates the limit on lifetimes": (
        "max_expires_in=604_800",
        "max_expires_in=604_801",
        "test_the_longest_lifetime_works",
    ),
    "knows no limit on lifetimes": (
        "max_expires_in=604_800",
        "max_expires_in=None",
        "test_a_long_lifetime_works_where_no_limit_is_declared",
    ),
    "invents a limit on keys": (
        "max_key_bytes=900",
        "max_key_bytes=800",
        "test_the_limit_on_keys_is_the_stores_own",
    ),
    "overstates the limit on keys": (
        "max_key_bytes=900",
        "max_key_bytes=901",
        "test_the_longest_key_works",
    ),
    "knows no limit on keys": (
        "max_key_bytes=900",
        "max_key_bytes=None",
        "test_a_long_key_works_or_is_refused_where_no_limit_is_declared",
    ),
    "folds keys": (
        "def head_metadata(location):\n",
        "def head_metadata(location):\n    location = location.at(location.key.lower())\n",
        "test_metadata_is_that_of_exactly_the_key",
    ),
    "decodes keys": (
        "def head_metadata(location):\n",
        (
            "def head_metadata(location):\n"
            "    location = location.at(__import__('urllib.parse').parse.unquote(location.key))\n"
        ),
        "test_every_key_is_an_object_of_its_own",
    ),
    "drops an option": (
        '"ip": _address(request.ip_range)',
        '"ip": None',
        "test_a_declared_option_is_enforced['ip_range']",
    ),
    "counts no uses": (
        '"uses": request.max_uses',
        '"uses": request.max_uses and request.max_uses + 1',
        "test_a_declared_option_is_enforced['max_uses']",
    ),
    "takes what is below a host for the host": (
        '",".join(request.referrers or ())',
        '",".join(host.removeprefix("*.") for host in request.referrers or ())',
        "test_a_declared_option_is_enforced['referrers']",
    ),
    "drops the pages from its listings": (
        '",".join(request.referrers or ()) or None',
        '",".join(() if request.method == "LIST" else request.referrers or ()) or None',
        "test_a_declared_option_is_enforced_by_a_listing['referrers']",
    ),
    "drops an option from the link": (
        'headers["Content-Type"] = request.content_type',
        "pass",
        "test_a_declared_option_is_part_of_the_link['content_type']",
    ),
    "binds an option to nothing": (
        '"headers": ";".join(sorted(name.lower() for name in headers))',
        '"headers": ""',
        "test_a_declared_option_is_enforced['headers']",
    ),
    "declares what it does not enforce": (
        '"filename",',
        '"filename", "checksum_sha256",',
        "test_a_declared_option_is_enforced['checksum_sha256']",
    ),
    "enforces what it does not declare": (
        '"max_bytes",\n',
        "\n",
        "test_an_option_that_works_is_declared['max_bytes']",
    ),
    "signs a method that it does not declare": (
        '"PUT", "DELETE", "LIST"}',
        '"PUT", "LIST"}',
        "test_a_method_that_works_is_declared['DELETE']",
    ),
    "declares options of a method that it lacks": (
        'methods={"GET", "HEAD", "PUT", "DELETE", "LIST"}',
        'methods={"GET", "HEAD"}',
        "test_every_declared_option_goes_with_a_declared_method",
    ),
    "lists and does not say so": (
        '"DELETE", "LIST"}',
        '"DELETE"}',
        "test_a_listing_that_works_is_declared",
    ),
    "says that it lists, and cannot": (
        'method = "GET" if listing else request.method',
        "method = request.method",
        "test_an_empty_prefix_lists_everything",
    ),
    "never ends its listings": (
        '"end": int(request.expires_at.timestamp())',
        '"end": int(request.expires_at.timestamp()) + 600_000 * (request.method == "LIST")',
        "test_a_listing_ends_when_it_says",
    ),
    "drops an option from its listings": (
        '"ip": _address(request.ip_range)',
        '"ip": None if request.method == "LIST" else request.ip_range',
        "test_a_declared_option_is_enforced_by_a_listing['ip_range']",
    ),
    "grants listings of everything": (
        '{"within": location.key,',
        '{"within": "",',
        "test_a_grant_to_list_lists_below_its_prefix",
    ),
    "grants what its server refuses": (
        '{"below": location.key}',
        '{"below": location.key + "the"}',
        "test_a_grant_opens_what_lies_below_its_prefix",
    ),
    "grants with a header that nobody needs": (
        "headers=link.headers,",
        'headers={**link.headers, "X-Needless": "1"},',
        "test_every_header_that_a_grant_names_is_required",
    ),
    "grants less than it says": (
        "permits=link.permits,",
        'permits=link.permits | {"HEAD"},',
        "test_a_grant_permits_what_it_says",
    ),
    "never ends its grants": (
        "_link(location, request, **bound)",
        "_link(location, request, **bound, end=int(request.expires_at.timestamp()) + 600_000)",
        "test_a_grant_ends_when_it_says",
    ),
    "drops an option from its grants": (
        "_link(location, request, **bound)",
        "_link(location, request, **bound, ip=None)",
        "test_a_declared_option_is_enforced_by_a_grant['ip_range']",
    ),
    "has versions and does not say so": (
        "versions=True",
        "versions=False",
        "test_versions_that_work_are_declared",
    ),
    "says versions and forgets them": (
        '"version": location.version',
        '"version": None',
        "test_a_version_names_the_older_object",
    ),
    "has public endpoints and does not say so": (
        "public_endpoint=True",
        "public_endpoint=False",
        "test_a_public_endpoint_that_works_is_declared",
    ),
    "reads metadata at the public endpoint": (
        'host = urlsplit(options["endpoint"]).netloc',
        'host = urlsplit(location.public_endpoint or options["endpoint"]).netloc',
        "test_a_public_endpoint_is_where_links_lead",
    ),
    "omits a required header": (
        "headers=headers,\n        expires_at",
        'headers={k: v for k, v in headers.items() if k != "Content-Type"},\n        expires_at',
        "test_a_declared_option_is_enforced['content_type']",
    ),
    "names a header that nobody needs": (
        "headers=headers,\n        expires_at",
        'headers={**headers, "X-Needless": "1"},\n        expires_at',
        "test_every_header_that_a_link_names_is_required",
    ),
    "requires a header that it does not name": (
        '";".join(sorted(name.lower() for name in headers))',
        '";".join(sorted([*(name.lower() for name in headers), "x-kind"]))',
        "test_a_link_works_with_exactly_the_headers_it_names",
    ),
    "hides that an option is not enforced": (
        '"metadata",\n',
        "\n",
        "test_an_undeclared_option_is_refused_by_name['metadata']",
    ),
    "signs with the options where a filesystem is given": (
        "if location.has_fs:",
        "if False:",
        "test_a_filesystem_that_is_given_signs_the_same_links",
    ),
    "lets fsspec's configuration outrank the filesystem": (
        '"secret": location.fs.secret}',
        (
            '"secret": __import__("fsspec").config.conf.get("cupboard", {}).get('
            '"secret", location.fs.secret)}'
        ),
        "test_a_filesystem_that_is_given_outranks_fsspecs_configuration",
    ),
    "opens a filesystem of its own": (
        '"secret": location.fs.secret}',
        '"secret": type(location.fs)(**location.fs.storage_options, use_listings_cache=False).secret}',
        "test_no_second_filesystem_is_opened_for_its_credentials",
    ),
    "shows the secret in an error": (
        "raise StoreError(msg)",
        "raise StoreError(msg, store_code=location.storage_options['secret'])",
        "test_no_error_shows_a_secret",
    ),
    "repeats what an SDK says": (
        'msg = "the cupboard cannot be reached"',
        'msg = str(error).replace("=", " ")',
        "test_no_text_of_an_sdk_shows_a_secret",
    ),
    "logs the secret": (
        "    headers = _headers(request)\n    query",
        (
            "    __import__('logging').getLogger('cupboard').debug('by %s', secret)\n"
            "    headers = _headers(request)\n    query"
        ),
        "test_nothing_is_logged_that_is_secret",
    ),
    "puts the secret in the link": (
        '"type": request.response_content_type',
        '"by": location.storage_options["secret"], "type": request.response_content_type',
        "test_no_link_holds_a_credential",
    ),
    "does not say what is secret": (
        'secret_query_keys={"sig"}',
        "secret_query_keys=()",
        "test_a_link_holds_its_declared_secrets",
    ),
    "remembers deleted objects": (
        """    found = _ask_owner("INFO", location, headers)
""",
        """    try:
        found = _ask_owner("INFO", location, headers)
    except ObjectNotFoundError:
        if location.key not in location.cache:
            raise
        found = location.cache[location.key]
    location.cache[location.key] = found
""",
        "test_a_deleted_object_is_gone",
    ),
    "knows metadata of no object that is asked for in a way of its own": (
        "def head_metadata(location):\n",
        (
            "def head_metadata(location):\n"
            "    if location.reading.conditions:\n"
            "        raise StoreError('no')\n"
        ),
        "test_a_declared_option_goes_with_the_metadata_too['headers']",
    ),
    "asks for metadata without the headers": (
        ", **(location.reading.headers or {})}",
        "}",
        "test_a_header_reaches_the_store_with_the_metadata_too",
    ),
    "takes a prefix for an object": (
        "def head_metadata(location):\n",
        "def head_metadata(location):\n    location = location.at(location.key.rstrip('/'))\n",
        "test_a_prefix_is_no_object",
    ),
    "knows no size of an empty object": (
        'size=found["size"]',
        'size=found["size"] or None',
        "test_an_empty_object_is_an_object",
    ),
    "shows its links": (
        "return SignedURL(\n",
        "return type('Loud', (SignedURL,), {'__repr__': lambda self: self.url})(\n",
        "test_what_is_shown_of_a_link_is_masked",
    ),
    "mixes up the rows of a batch": (
        "for key in keys]",
        "for key in [keys[0], *keys[:0:-1]]]",
        "test_bulk_answers_row_by_row",
    ),
    "remembers metadata": (
        "def head_metadata(location):\n",
        (
            "def head_metadata(location):\n"
            "    if (location.key, location.version) not in location.cache:\n"
            "        found = location.cache[location.key, location.version] = _head(location)\n"
            "    return location.cache[location.key, location.version]\n"
            "def _head(location):\n"
        ),
        "test_metadata_is_never_stale",
    ),
    "tells a local time": (
        'last_modified=datetime.fromtimestamp(found["changed"], UTC)',
        (
            'last_modified=datetime.fromtimestamp(found["changed"]).astimezone('
            "__import__('datetime').timezone(__import__('datetime').timedelta(hours=2)))"
        ),
        "test_metadata_is_normalised",
    ),
    "quotes the ETag": (
        'etag=found["etag"]',
        "etag='\"' + found['etag'] + '\"'",
        "test_metadata_is_normalised",
    ),
    "takes the ETag for an MD5": (
        'etag=found["etag"],',
        "etag=found['etag'], content_md5=found['etag'],",
        "test_checksums_are_those_of_the_content",
    ),
    "gives metadata in upper case": (
        'name.removeprefix("x-cup-meta-"): value',
        'name.removeprefix("x-cup-meta-").upper(): value',
        "test_user_metadata_is_in_lower_case",
    ),
    "has another error for a missing object": (
        "raise ObjectNotFoundError(msg)",
        "raise FileNotFoundError(msg)",
        "test_a_missing_object_has_an_error_of_its_own",
    ),
    "makes errors that do not pickle": (
        "        raise ObjectNotFoundError(msg)",
        ("        class Gone(ObjectNotFoundError):\n            pass\n        raise Gone(msg)"),
        "test_every_error_is_a_daypass_error_that_pickles",
    ),
    "makes links that do not pickle": (
        "headers=headers,\n        expires_at",
        "headers=type('Headers', (dict,), {})(headers),\n        expires_at",
        "test_links_pickle",
    ),
    "makes metadata that does not pickle": (
        'version=found["version"],',
        "version=type('Version', (str,), {})(found['version']),",
        "test_metadata_pickles",
    ),
    "hands out one dict to all": (
        "headers=headers,\n        expires_at",
        "headers=headers or location.cache.setdefault('none', {}),\n        expires_at",
        "test_links_share_nothing",
    ),
    "changes what it was given": (
        "headers = dict(request.headers or {})",
        "headers = {} if request.headers is None else request.headers",
        "test_nothing_that_was_given_is_changed['PUT']",
    ),
    "imports heavily": (
        "import http.client\n",
        "import http.client\nimport fsspec\n",
        "test_importing_the_plugin_is_light",
    ),
    "uses the network to sign": (
        "    headers = _headers(request)\n    query",
        (
            "    __import__('socket').create_connection(('127.0.0.1', int(location.storage_options"
            "['endpoint'].rpartition(':')[2]))).close()\n"
            "    headers = _headers(request)\n    query"
        ),
        "test_signing_needs_no_network",
    ),
    "describes itself by the network": (
        "def describe_backend():\n",
        "def describe_backend():\n    __import__('socket').getaddrinfo('127.0.0.1', 1)\n",
        "test_describing_needs_no_network",
    ),
    "has another link in bulk": (
        "[create_signed_url(location.at(key), request) for key in keys]",
        "[create_signed_url(location.at(key), request.without(['content_type'])) for key in keys]",
        "test_bulk_gives_the_links_of_single_calls['PUT']",
    ),
    "takes an unreachable store for a missing object": (
        "raise StoreError(msg)",
        'raise ObjectNotFoundError("missing")',
        "test_an_unreachable_store_is_a_daypass_error",
    ),
    "signs with nothing": (
        "raise CredentialsError(msg)",
        'secret = "none"',
        "test_nothing_is_signed_with_dead_credentials",
    ),
    "mixes up threads": (
        '    listing = request.method == "LIST"\n    path',
        (
            "    location.cache['key'] = location.key\n"
            "    __import__('os').sched_yield()\n"
            "    location = location.at(location.cache['key'], location.version)\n"
            '    listing = request.method == "LIST"\n    path'
        ),
        "test_threads_get_the_links_that_one_gets",
    ),
}


@attrs.frozen
class Wrong:
    """A fault that needs more than one change."""

    #: The rule that must see it.
    rule: str
    #: Changes to the backend's module.
    backend: dict[str, str] = attrs.field(factory=dict)
    #: Changes to the server.
    server: dict[str, str] = attrs.field(factory=dict)
    #: Settings of the test class.
    settings: str = ""
    #: What the core would do if it did not see to the rule for every backend, or the kit in a hurry.
    core: str = ""


#: A cupboard that takes no uploads in parts.
WHOLE = {
    "        multipart=PartLimits(": "        **{} and dict(",
    "@hookimpl\ndef create_multipart_upload(": "def _create_multipart_upload(",
}
#: A cupboard that takes no forms.
FORMLESS = {
    '        forms=True,\n        form_enforces={"content_type", "max_bytes", "signing_time"},\n': "",
    "@hookimpl\ndef create_upload_form(": "def _create_upload_form(",
}
#: A cupboard that grants nothing for a prefix.
UNGRANTING = {
    "        prefixes=True,\n": "",
    "@hookimpl\ndef create_signed_prefix(": "def _create_signed_prefix(",
}
#: A cupboard that cannot sign: it declares nothing and has no hook that signs.
SILENT = {
    'methods={"GET", "HEAD", "PUT", "DELETE", "LIST"},\n': 'why_not="its doors have no keys",\n',
    "        enforces={": "        enforces={} and {",
    "        max_expires_in=604_800,\n": "",
    'secret_query_keys={"sig"},': "",
    "@hookimpl\ndef create_signed_url(": "def _create_signed_url(",
    "@hookimpl\ndef create_signed_urls(": "def _create_signed_urls(",
    **WHOLE,
    **FORMLESS,
    **UNGRANTING,
    "versions=True": "versions=False",
    "public_endpoint=True": "public_endpoint=False",
}
#: A cupboard whose links say nothing but a token, as a links service's do: what they open is known to the server.
BY_TOKEN = {
    "        prefixes=True,\n": "        prefixes=True,\n        opaque_links=True,\n",
    "@hookimpl\ndef explain_url(url)": "def explain(url)",
    "@hookimpl\ndef verify_url(": "def verify(",
    "    return _link(location, request)\n": (
        "    link = _link(location, request)\n"
        "    return link if request.method == 'LIST' else _by_token(location, link, '')\n\n\n"
        "def _by_token(location, link, end):\n"
        "    root, box, rest = link.url.partition('/box/')\n"
        "    digest = __import__('hashlib').sha256(link.url.encode()).digest()\n"
        "    token = __import__('base64').urlsafe_b64encode(digest)[:22].decode()\n"
        "    from daypass.toolkit.deadlines import check_may_wait\n"
        "    check_may_wait('the owner')\n"
        "    _ask_owner('MINT', location, {'X-Token': token + end, 'X-Link': box + rest})\n"
        "    return __import__('attrs').evolve(link, url=f'{root}/l/{token}{end}')\n"
    ),
    '    url, _, query = link.url.partition("?")\n': (
        "    link = link if listing else _by_token(location, link, '/')\n"
        '    url, _, query = link.url.partition("?")\n'
    ),
}
#: And its server.
TOKENS = {
    "        self.used = {}\n": "        self.used, self.tokens = {}, {}\n",
    '        path, _, query = self.path.partition("?")\n        key =': (
        '        if self.path.startswith("/l/"):\n'
        '            token, end, rest = self.path[3:].partition("?")[0].partition("/")\n'
        '            place, _, query = self.cupboard.tokens.get(token + end, "/?").partition("?")\n'
        '            self.path = f"{place}{rest}?{query}"\n'
        '        path, _, query = self.path.partition("?")\n        key ='
    ),
    '            if self.command == "INFO":\n': (
        '            if self.command == "MINT":\n'
        '                self.cupboard.tokens[headers["x-token"]] = headers["x-link"]\n'
        '                self.answer(200, b"{}")\n'
        '            elif self.command == "INFO":\n'
    ),
    "do_PARTS = do_JOIN": "do_MINT = do_PARTS = do_JOIN",
}
#: What can be wrong with it: a change to its server, and the rule that finds it.
OF_TOKENS = {
    "takes tokens that are like one": (
        {"tokens.get(token + end,": "tokens.get(next((t for t in self.cupboard.tokens if t[1:] == token[1:] + end), ''),"},
        "test_a_touched_link_is_worth_nothing",
    ),
    "takes tokens of grants that are like one": (
        {"tokens.get(token + end,": "tokens.get(next((t for t in self.cupboard.tokens if t[1:] == token[1:] + end), ''),"},
        "test_a_touched_grant_is_worth_nothing",
    ),
    "lets a grant lead up": (
        {
            'f"{place}{rest}?{query}"': 'f"{__import__(\'posixpath\').normpath(place + unquote(rest)).replace(\' \', \'%20\')}?{query}"',
            'if not key.startswith(asked.get("below", "")):': "if False:",
        },
        "test_a_grant_opens_nothing_beside_its_prefix",
    ),
}  # fmt: skip

#: A cupboard that reads the clock itself.
CLOCK = {
    '"at": int(request.signing_time.timestamp())': '"at": int(time.time())',
    '"end": int(request.expires_at.timestamp())': '"end": int(time.time()) + request.expires_in',
    '            "signing_time",\n            "stable_for",\n': "",
    "import json\n": "import json\nimport time\n",
}
#: A kit that is soon out of patience: what hangs here does so for a minute.
_HURRIED = "import daypass.testing.networks\ndaypass.testing.networks.GRACE = 1.0\n"
_ENDING = """
    @pytest.fixture
    def ending_credentials(self, store):
        from datetime import UTC, datetime, timedelta
        return store, datetime.now(UTC) + timedelta(minutes=20)
"""
_NO_KEY_CHECK = "from daypass.gate import check, doors\ncheck.check_key = doors.check_key = lambda *_, **__: None\n"

#: A cupboard whose grants are all for the whole of it, whatever their URL says.
LAVISH = {
    "_link(location, request, **bound)": '_link(location.at(""), request, **{**bound, "below": ""})',
    "        url=url,\n        query=f": "        url=f'{url}{quote(location.key)}',\n        query=f",
    "path=link.path,": "path=location.path,",
}
_UNBOUND = "__import__('re').sub('&prefix=[^&]*', '', {})"

FURTHER = {
    "grants everything": Wrong("test_a_grant_opens_nothing_beside_its_prefix", LAVISH),
    "has one grant for all prefixes": Wrong("test_another_prefix_is_another_grant", LAVISH),
    "grants what lies beside": Wrong(
        "test_a_grant_opens_nothing_beside_its_prefix",
        server={
            'key.startswith(asked.get("below", ""))': (
                'key.startswith(asked.get("below", "").rstrip("/"))'
            )
        },
    ),
    "answers with another file's name": Wrong(
        "test_a_declared_option_is_enforced['filename']",
        server={
            'shaped["Content-Disposition"] = asked["disposition"]': (
                "shaped['Content-Disposition'] = asked['disposition'] + \"; filename*=UTF-8''q.csv\""
            )
        },
    ),
    "checks no signature of a grant": Wrong(
        "test_a_touched_grant_is_worth_nothing",
        server={"if not hmac.compare_digest(good, signature):": "if False:"},
    ),
    "is asked for a grant, and has none": Wrong(
        "test_grants_are_refused_where_there_are_none",
        UNGRANTING,
        core="import daypass.gate.doors\ndaypass.gate.doors.create_signed_prefix = lambda *_, **__: None\n",
    ),
    "excuses a prefix that it can grant": Wrong(
        "test_a_grant_that_nothing_binds_is_refused_by_name", settings='narrowed = {"prefix"}'
    ),
    "excuses a prefix that it can list": Wrong(
        "test_a_listing_that_nothing_binds_is_refused_by_name", settings='narrowed = {"prefix"}'
    ),
    "lists what lies beside": Wrong(
        "test_a_listing_shows_what_lies_below_its_prefix",
        server={"name.startswith(prefix)]": 'name.startswith(prefix.rstrip("/"))]'},
    ),
    "folds the prefixes of listings": Wrong(
        "test_an_odd_prefix_is_listed_as_it_is",
        server={"name.startswith(prefix)]": "name.lower().startswith(prefix.lower())]"},
    ),
    "binds no prefix to a listing": Wrong(
        "test_a_listing_of_another_prefix_is_refused",
        {
            'join([method, f"{path}?{query}"': (
                f'join([method, f"{{path}}?" + {_UNBOUND.format("query")}'
            )
        },
        {'f"{path}?{unsigned}"': f'f"{{path}}?" + {_UNBOUND.format("unsigned")}'},
    ),
    "opens objects by a listing": Wrong(
        "test_a_listing_opens_no_object",
        server={
            'path = self.path.partition("?")[0]': (
                'path = "/box/" if "prefix=" in self.path else self.path.partition("?")[0]'
            ),
            "if prefix is not None and": "if prefix is not None and not key and",
        },
    ),
    "is asked for a form, and takes none": Wrong(
        "test_upload_forms_are_refused_where_there_are_none",
        FORMLESS,
        core="import daypass.gate.doors\ndaypass.gate.doors.create_upload_form = lambda *_, **__: None\n",
    ),
    "drops an option of a form": Wrong(
        "test_a_declared_option_is_part_of_the_form['max_bytes']",
        {'["content-length-range", 0, request.max_bytes]': '{"x-dropped": "1"}'},
    ),
    "lets an option of a form pass": Wrong(
        "test_an_option_that_forms_lack_is_refused_by_name",
        {},
        core=(
            "import daypass.gate.doors\n"
            "admit = daypass.gate.doors.admit_form\n"
            "daypass.gate.doors.admit_form = lambda b, l, r: admit(b, l, r.without(r.conditions))\n"
        ),
    ),
    "is asked for an upload in parts, and takes none": Wrong(
        "test_uploads_in_parts_are_refused_where_there_are_none",
        WHOLE,
        core="import daypass.store.multipart\ndaypass.store.multipart.begin = lambda *_, **__: None\n",
    ),
    "describes what never arrives": Wrong(
        "test_a_description_arrives['content_type']",
        {'"content_type",\n': "\n", 'headers["Content-Type"] = request.content_type': "pass"},
    ),
    "never ends, by a clock of its own": Wrong(
        "test_a_link_lives_and_ends_by_the_servers_clock['DELETE']",
        {**CLOCK, "request.expires_in": "request.expires_in + 60"},
    ),
    "hangs": Wrong(
        "test_reading_ends_within_the_deadline",
        {"timeout=location.deadline": "timeout=60"},
        core=_HURRIED,
    ),
    "signs what its server refuses": Wrong(
        "test_an_unverified_option_works['ip_range']",
        {'"ip": _address(request.ip_range)': '"ip": request.ip_range and "198.51.100.1"'},
        settings='unverified = {"ip_range"}',
    ),
    "hangs while it signs": Wrong(
        "test_signing_ends_within_the_deadline",
        {
            "    headers = _headers(request)\n    query": (
                "    slow = http.client.HTTPConnection('192.0.2.1', timeout=60)\n"
                "    slow.request('GET', '/')\n    slow.getresponse()\n"
                "    headers = _headers(request)\n    query"
            )
        },
        settings="signs_offline = False",
        core=_HURRIED,
    ),
    "keeps an event loop waiting": Wrong(
        "test_who_serves_others_meanwhile_is_told_at_once",
        {
            "    headers = _headers(request)\n    query": (
                "    http.client.HTTPConnection('192.0.2.1', timeout=1).request('GET', '/')\n"
                "    headers = _headers(request)\n    query"
            )
        },
        settings="signs_offline = False",
    ),
    "checks no signature": Wrong(
        "test_a_touched_link_is_worth_nothing",
        server={"if not hmac.compare_digest(good, signature):": "if False:"},
    ),
    "folds the keys of uploads": Wrong(
        "test_an_upload_makes_no_other_object",
        server={'.removeprefix("/box/")': '.removeprefix("/box/").lower()'},
    ),
    "lets links outlive its credentials": Wrong(
        "test_no_link_claims_to_outlive_its_credentials", settings=_ENDING
    ),
    "tells no end of its credentials in a URL": Wrong(
        "test_explain_tells_the_end_of_the_credentials",
        {
            'expires_at=request.expires_at,\n        expires_because="requested",\n        permits': (
                "expires_at=min(request.expires_at, datetime.now(UTC).replace(microsecond=0)"
                " + __import__('datetime').timedelta(minutes=19)),\n"
                '        expires_because="the credentials end",\n        permits'
            )
        },
        settings=_ENDING,
    ),
    "names no secret": Wrong(
        "test_the_secrets_are_named",
        settings="    @pytest.fixture\n    def secrets(self):\n        return []\n",
    ),
    "excuses a key that it can hold": Wrong(
        "test_a_key_that_cannot_be_held_is_refused", settings='refused_keys = {"a b"}'
    ),
    "excuses a method that it has": Wrong(
        "test_a_method_that_is_not_declared_is_refused_by_name", settings='narrowed = {"DELETE"}'
    ),
    "excuses a lifetime that it has": Wrong(
        "test_a_narrowed_lifetime_is_refused_by_name", settings='narrowed = {"max_expires_in"}'
    ),
    "excuses an option that it has": Wrong(
        "test_a_narrowed_option_does_not_work", settings='narrowed = {"max_bytes"}'
    ),
    "excuses an option that it does not refuse": Wrong(
        "test_a_narrowed_option_is_refused_by_name", settings='narrowed = {"max_bytes"}'
    ),
    "excuses a restriction that it does not name": Wrong(
        "test_a_waived_restriction_is_named", settings='narrowed = {"if_absent"}'
    ),
    "excuses an option that its server verifies": Wrong(
        "test_an_unverified_option_is_not_verified", settings='unverified = {"ip_range"}'
    ),
    "excuses an option as one that its server lacks": Wrong(
        "test_an_option_that_the_server_lacks_does_not_work", settings='lacking = {"max_bytes"}'
    ),
    "excuses a network that it does not need": Wrong(
        "test_a_credential_that_needs_the_network_says_so_without", settings="signs_offline = False"
    ),
    "does not say why it cannot sign": Wrong(
        "test_it_says_why_it_cannot_sign",
        {**SILENT, 'methods={"GET", "HEAD", "PUT", "DELETE", "LIST"},\n': "\n"},
    ),
    "declares options and cannot sign": Wrong(
        "test_it_declares_no_options",
        {name: text for name, text in SILENT.items() if " enforces=" not in name},
    ),
    "has an option that is secret and does not say so": Wrong(
        "test_options_that_are_secret_are_known_as_such",
        settings="""
    @pytest.fixture
    def store(self, server):
        options = {"endpoint": server.url, "secret": SECRET, "phrase": "open-sesame"}
        return Store("cupboard://box", storage_options=options)

    @pytest.fixture
    def secrets(self):
        return [SECRET, "open-sesame"]
""",
    ),
    "puts an option that it declares secret in the link": Wrong(
        "test_no_option_that_is_declared_secret_is_shown",
        {
            'secret_query_keys={"sig"}': 'secret_query_keys={"sig"}, secret_storage_options={"secret"}',
            '"type": request.response_content_type': '"by": location.storage_options["secret"], "type": request.response_content_type',
        },
    ),
    "says that it cannot sign, and can": Wrong(
        "test_it_has_no_hook_that_signs",
        {name: text for name, text in SILENT.items() if "create_signed_url(" not in name},
    ),
    "is asked to sign many, and cannot": Wrong(
        "test_it_says_so_in_bulk",
        SILENT,
        core=(
            "import daypass.gate.doors\nfrom datetime import UTC, datetime\ndaypass.gate.doors.admit = "
            "lambda _, __, asked: (asked.resolve(datetime.now(UTC)), frozenset())\n"
        ),
    ),
    "is asked for a key that is too long": Wrong(
        "test_a_longer_key_is_refused", core=_NO_KEY_CHECK
    ),
    "is asked for dot segments": Wrong("test_dot_segments_need_consent", core=_NO_KEY_CHECK),
    "is asked for a version, and has none": Wrong(
        "test_a_version_is_refused_where_there_are_none",
        {"versions=True": "versions=False"},
        core="import daypass.gate.doors\ndaypass.gate.doors.check_version = lambda *_: None\n",
    ),
    "is asked for a lifetime that is too long": Wrong(
        "test_a_longer_lifetime_is_refused",
        core=(
            "import attrs, daypass.gate.lanes\nadmit = daypass.gate.lanes.admit\n"
            "daypass.gate.lanes.admit = lambda backend, *asked, **when: admit(attrs.evolve(backend, "
            "info=attrs.evolve(backend.info, max_expires_in=None)), *asked, **when)\n"
        ),
    ),
}
