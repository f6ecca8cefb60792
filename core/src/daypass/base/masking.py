"""Signatures, tokens and logins of a text are found by their names, in all the ways in which names and values are written.

A token in a URL's path, which has no name, is found by its shape. Escapes and styling are taken away first
(`daypass.base.escapes`), so that each way is known here in one form. What is masked is what stood there before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from daypass.base.escapes import Layer, layers, unstyled
from daypass.base.secrets import ENCRYPTION_KEY, MASK, OPAQUE_LINK

__all__ = ["mask"]

#: Masked whatever is installed: a link of a store whose backend is not here is a secret too.
_ALWAYS = (
    r"\bx-[a-z0-9]{1,20}-(?:[a-z]{1,20}-){0,3}signature|cloudfront-signature|signature"
    rf"|(?:security|s3session)[-_]token|{ENCRYPTION_KEY}"
)
#: What else opens an account or an object, in the names of OAuth, of AWS, of Azure and of Google's sessions. Code hands such things on under the
#: same names, so that a value has to look like one, but for a query and a variable of the environment.
_IN_CODE = (
    r"(?:access|refresh|session)[-_]?token|(?<![a-z0-9])(?:auth|id)[-_]token|client[-_]?secret"
    r"|secret[-_]?access[-_]?key|account[-_]?key|sse-c(?:-copy-source)?-key|(?<=[?&])(?:token|upload_id)|(?<=--)token"
)
#: Those which sentences and code hold too, as all with an underscore, so that what follows a colon may be anything.
_ORDINARY = frozenset({"sig", "signature"})
#: What says under those how a signature is, as `Verification` does; a whole one is longer than any of them.
_SAID = frozenset({"right", "wrong", "unchecked", "valid", "invalid", "missing"})

#: One of which is in each of them.
_PARTS = ("authorization", "key", "secret", "sig", "token", "upload_id")

_VALUE = r"[A-Za-z0-9%+=_~.:/-]+"
_more = re.compile(_VALUE).match
#: So much of it says whether it is one: a value may go on over names that come again and again.
_BEGIN = r"[A-Za-z0-9%+=_~.:/-]{1,256}"
#: What ends a value though it was escaped, as in a URL that is a parameter of another.
_ENDS = frozenset("&;\"'\\<> \t\r\n\b\f\v")

#: How a value follows its name. In a URL or a cookie: the blanks can only be encoded ones.
_parameter = re.compile(
    rf"(?:\[\])?=(?P<blanks>\s{{0,9}})(?P<quote>[\"'])?(?P<value>{_BEGIN})(?P<call>\()?"
).match
_of_query = re.compile(r"[?&][\w-]*\Z").search
#: What Python prints of bytes, in which quotes may be escaped.
_bytes = re.compile(r"[\"']?\s{0,9}[:=]\s{0,9}b(?P<quote>[\"'])").match
_ending = {quote: re.compile(rf"[{quote}\r\n]") for quote in "\"'"}
#: In JSON, TOML, and what Python, Ruby or PHP print: both are in quotes, and there may be several values.
_member = re.compile(
    r"[\"']\s*+(?:\]\s*+(?==))?(?:=>?|:|,(?!\s*+b?[\"'][^\"'\n]{0,99}[\"']\s*+[:=]))\s*+"
    r"(?:(?P<several>(?:[\[(]\s*+)+)|\{\s*+[\"']value[\"']\s*+:\s*+)?(?=(?:b?[\"']|none\b|null\b))",
    re.IGNORECASE,
).match
_item = re.compile(
    rf"(?:none|null|b?(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|[\"'](?P<cut>{_VALUE})))(?:\s*+,\s*+)?",
    re.IGNORECASE,
).match
#: In a body of multipart/form-data: after the headers of a field.
_field = re.compile(
    rf"(?P<quote>[\"'])?(?:;[^\r\n]{{0,200}})?(?:\r?\n[a-z-]{{1,40}}:[^\r\n]{{0,200}}){{0,4}}\r?\n\r?\n(?P<value>{_VALUE})",
    re.IGNORECASE,
).match
_unquoted = re.compile(r"\bname=[\w-]*\Z").search
#: In XML and HTML, where S3 repeats the signature of a request that it refuses (SignatureProvided).
_element = re.compile(
    r"(?:Provided)?(?P<attributes>[\"']?(?:\s{1,9}[a-z:_-]{1,40}=(?:\"[^\"<>]{0,200}\"|'[^'<>]{0,200}'|[^\s\"'<>]{1,200})){0,9})"
    rf">\s{{0,9}}(?:<!\[CDATA\[\s{{0,9}})?(?P<value>{_VALUE})(?P<call>\()?",
    re.IGNORECASE,
).match
#: On a command line, after the name of an option.
_argument = re.compile(rf"[ \t]++(?P<quote>[\"'])?(?P<value>{_BEGIN})(?P<call>\()?").match
_dashes = re.compile(r"(?<![\w-])--[a-z0-9-]*\Z", re.IGNORECASE).search
#: How many characters before a name are looked at.
_BEFORE = 40
#: In a line of headers, YAML, settings or code.
_line = re.compile(
    r"[\"']?(?P<index>\][ \t]*+(?==))?[ \t]*+(?:=>|:=|=(?!=)|:\[|:(?:[ \t]*+[|>][+-]?[ \t]*+\r?\n)?)[ \t]*+"
    rf"(?P<quote>[\"'])?(?P<value>{_BEGIN})(?P<call>\()?"
).match

#: Schemes of Authorization whose credential is secret; V4's holds a signature, which is masked as any.
_CREDENTIAL = re.compile(
    r"authorization[\"']?\s{0,9}[:=,]\s{0,9}(?:\[\s{0,9})?b?[\"']?"
    r"(?:basic|bearer|digest|negotiate|oauth|token|sharedkey(?:lite)?|aws|goog1)\s{1,9}"
    rf"(?P<value>{_VALUE})",
    re.IGNORECASE,
)

#: Around a private key in PEM (RFC 7468), and what shows that there is one between.
_EDGE = re.compile(
    r"-----(?:(?P<begin>BEGIN)|END)(?: [A-Z0-9]{1,20}){0,4} PRIVATE KEY(?: BLOCK)?-----"
)
_body = re.compile(
    r"(?:\s*+[A-Za-z-]{1,40}+:[^\r\n]*+)*+(?:\s*+[A-Za-z0-9+/=]{16,}+)*+(?:\s*+[A-Za-z0-9+/=]++)?"
).match
_is_body = re.compile(r"[A-Za-z0-9+/]{16}").search

#: A thing that says in two places what it is named and what it holds: a field of an HTML form, a header in a HAR.
_PAIRED = re.compile(
    r"""(?P<end>[})])|(?P<thing><[a-z]|[{(]|\n[ \t]*+-[ \t])
    |\b(?:name|key)["']?\s{0,9}[:=]\s{0,9}["']?(?P<name>[^\s"'<>(){},;]{1,256})
    |\bvalue["']?\s{0,9}[:=]\s{0,9}(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|["']?(?P<bare>[^\s"'<>(){},;]+))
    """,
    re.IGNORECASE | re.VERBOSE,
)

#: From a URL's host to the end of its path.
_PLACE = re.compile(r"""://[^\s?#"'<>]*""")
#: A token in a path, and what tells whose path it is: a scheme, and what ends one.
_OPAQUE = re.compile(rf"""://|[\s"'<>,;|(){{}}\[\]]|{OPAQUE_LINK}""")
_digit_and_letter = re.compile(r"(?=[^A-Za-z]*[A-Za-z])[^0-9]*[0-9]").match
_port = re.compile(r"[0-9]{1,5}/").match

#: A value that follows a colon or blanks is one from so many characters on, and from so many on without a digit.
_SHORTEST, _LONG = 4, 20

_Span = tuple[int, int]


def mask(text: str, names: frozenset[str] = frozenset()) -> str:
    """Return a text in which the values of secret names are masked, logins in front of a URL's host, and tokens in its path.

    >>> mask("https://me:pw@b.example/k?X-Amz-Signature=ab12&x=1")
    'https://****@b.example/k?X-Amz-Signature=****&x=1'
    >>> mask('"GET /l/AAAAAAAAAAAAAAAAAAAAAA/k HTTP/1.1" 307')
    '"GET /l/****/k HTTP/1.1" 307'

    Args:
        text: any text.
        names: of parameters that are secret, beside those that always are.

    """
    found = layers(text)
    whole = [found[-1]]
    # What stands in a tag is seen with it, and what goes on behind one without it.
    if bare := unstyled(found[-1]):
        found.append(bare)
        whole.append(bare)
    spans = [
        span
        for layer in found
        for find in (_logins, _tokens)
        for span in _shown(layer, find(layer.text))
    ]
    for plain in whole:
        looks = [_named, _credentials, _paired] if _may_name(plain.text, names) else []
        for look in (*looks, _private_keys):
            spans += _shown(plain, look(plain, names))
    pieces: list[str] = []
    done = 0
    for begin, end, shown in sorted(spans):
        if begin >= done:  # those that overlap become one
            pieces += (text[done:begin], shown)
        done = max(done, end)
    return "".join([*pieces, text[done:]])


def _may_name(text: str, names: frozenset[str]) -> bool:
    """Tell whether there is any name to look for: most of what is long, such as the numbers of a plot, has none."""
    folded = text.casefold()
    return any(part in folded for part in (*_PARTS, *map(str.casefold, names)))


def _shown(layer: Layer, spans: Iterable[_Span]) -> Iterator[tuple[int, int, str]]:
    """Return where secrets stood, and what is shown there: nothing behind styling that stays, or a page would lose the end of a tag."""
    for span in spans:
        for number, (begin, end) in enumerate(layer.pieces(*span)):
            yield begin, end, "" if number else MASK


@lru_cache(maxsize=64)
def _secret(names: frozenset[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds secret names, and what finds one at the end of a name; made when they are needed first."""
    words = "|".join(map(re.escape, sorted({"sig", *names}, key=lambda name: (-len(name), name))))
    # A name that was given is masked whatever its value looks like, so it comes before those of code.
    named = rf"{_ALWAYS}|(?<![a-z0-9])(?:{words})|(?P<code>{_IN_CODE})"
    return (
        re.compile(named, re.IGNORECASE),
        re.compile(rf"(?:{named}|authorization)\Z", re.IGNORECASE),
    )


def _named(plain: Layer, names: frozenset[str]) -> Iterator[_Span]:
    """Find what follows a secret name."""
    find, _ = _secret(names)
    at = 0
    while name := find.search(plain.text, at):
        at = name.end()
        says = name[0].lower() in _ORDINARY
        for begin, end in _values(plain, name):
            if begin < end and not (says and plain.text[begin:end] in _SAID):
                yield begin, end
                at = end


def _values(plain: Layer, name: re.Match[str]) -> Iterable[_Span]:
    """Return where the values of a name stand."""
    text, (start, at) = plain.text, name.span()
    is_word = name[0].lower() in _ORDINARY or "_" in name[0] or name["code"] is not None
    if found := _bytes(text, at):
        return [_printed(plain, found)]
    found = _parameter(text, at)
    if found and all(map(plain.is_escaped, range(*found.span("blanks")))):
        return [_whole(plain, found)] if _is_given(text, name, found) else ()
    if found := _member(text, at):
        # With a comma it may be a list of names, such as those of options.
        listed = is_word and "," in found[0]
        return (span for span in _items(plain, found) if not listed or _is_no_name(text, *span))
    before = max(0, start - _BEFORE)
    if found := _enclosed(text, at, before, start):
        return [_whole(plain, found)]
    found = _line(text, at)
    if not found and _dashes(text, before, start):
        found, is_word = _argument(text, at), True
    if found and (not (is_word or found["index"]) or found["quote"] or _is_random(found)):
        return [_whole(plain, found)]
    return ()


def _is_given(text: str, name: re.Match[str], found: re.Match[str]) -> bool:
    """Tell a parameter's value from what code hands on under its name."""
    if name["code"] is None or name[0].isupper() or found["quote"]:
        return True
    start = name.start()
    return _of_query(text, max(0, start - _BEFORE), start) is not None or _is_random(found)


def _enclosed(text: str, at: int, before: int, start: int) -> re.Match[str] | None:
    """Find the value of a field of a form, or of an element."""
    found = _field(text, at)
    if found and (found["quote"] or _unquoted(text, before, start)):
        return found
    found = _element(text, at)
    return found if found and (not found["attributes"] or _is_random(found)) else None


def _printed(plain: Layer, found: re.Match[str]) -> _Span:
    """Return where the bytes stand that Python printed: up to a quote that is no escape, or the end of the line."""
    begin = found.end()
    ends = (sign.start() for sign in _ending[found["quote"]].finditer(plain.text, begin))
    return begin, next((end for end in ends if not plain.is_escaped(end)), len(plain.text))


def _whole(plain: Layer, found: re.Match[str]) -> _Span:
    """Return where a value stands, with the escapes in it that end none."""
    begin, end = found.span("value")
    text = plain.text
    if more := _more(text, end):
        end = more.end()
    while end < len(text) and text[end] not in _ENDS and plain.is_escaped(end):
        more = _more(text, end + 1)
        end = more.end() if more else end + 1
    return begin, end


def _items(plain: Layer, member: re.Match[str]) -> Iterator[_Span]:
    at = member.end()
    while found := _item(plain.text, at):
        if found.lastgroup:
            yield found.span(found.lastgroup)
        at = found.end()
        if not member["several"]:
            break


def _is_no_name(text: str, begin: int, end: int) -> bool:
    return end - begin >= _LONG or _digit_and_letter(text, begin, end) is not None


def _is_random(found: re.Match[str]) -> bool:
    """Tell a signature from a word of a sentence, a type or a call."""
    value = found["value"]
    if found["call"] or "://" in value or len(value) < _SHORTEST:
        return False
    mixed = len(value) >= _LONG and not value.islower() and not value.isupper()
    return mixed or _digit_and_letter(value) is not None


def _credentials(plain: Layer, _: frozenset[str]) -> Iterator[_Span]:
    """Find what follows a scheme of Authorization."""
    for found in _CREDENTIAL.finditer(plain.text):
        yield _whole(plain, found)


def _private_keys(plain: Layer, _: frozenset[str]) -> Iterator[_Span]:
    """Find what stands in a private key in PEM, also where its end was cut off."""
    text, begin = plain.text, None
    for edge in _EDGE.finditer(text):
        if begin is not None:
            end = edge.start() if edge["begin"] is None else _end_of_body(text, begin)
            if _is_body(text, begin, end):
                yield begin, end
        begin = None if edge["begin"] is None else edge.end()
    if begin is not None and _is_body(text, begin, end := _end_of_body(text, begin)):
        yield begin, end


def _end_of_body(text: str, begin: int) -> int:
    found = _body(text, begin)
    return begin if found is None else found.end()


def _paired(plain: Layer, names: frozenset[str]) -> Iterator[_Span]:
    """Find what stands beside a secret name, before it or after it."""
    _, ends = _secret(names)
    value: _Span | None = None
    secret = False
    around: list[tuple[_Span | None, bool]] = []
    for found in _PAIRED.finditer(plain.text):
        kind = found.lastgroup or "thing"
        if kind == "end":  # what stood before the thing within goes on
            value, secret = around.pop() if around else (value, secret)
        elif kind == "thing":
            if found[0] in "{(":
                around.append((value, secret))
            value, secret = None, False
        elif kind == "name":
            secret = ends.search(found["name"]) is not None
            if secret and value:
                yield value
            value = None
        else:
            value = found.span(kind)
            if value[0] == value[1]:
                value = None
            elif secret:
                yield value


def _logins(text: str) -> Iterator[_Span]:
    """Find what stands in front of a URL's host, of one in the path of another too."""
    if "@" not in text:
        return
    for place in _PLACE.finditer(text):
        at = place.start()
        for url in place[0].split("://")[1:]:
            at += 3
            if length := _login_of(url):
                yield at, at + length
            at += len(url)


def _tokens(text: str) -> Iterator[_Span]:
    """Find tokens in the paths of URLs of HTTP, and in paths alone: what is in those of stores is a name."""
    if "/l/" not in text and "/p/" not in text:
        return
    is_of_a_store = False
    for found in _OPAQUE.finditer(text):
        if found["token"]:
            if not is_of_a_store:
                yield found.span("token")
        elif found[0] == "://":
            scheme = text[max(0, found.start() - 5) : found.start()].lower()
            is_of_a_store = not scheme.endswith(("http", "https"))
        else:
            is_of_a_store = False


def _login_of(url: str) -> int:
    """Return how long the login of a URL is, which may hold an ``@``, and its password slashes, as AWS's often do."""
    host, _, _ = url.partition("/")
    if "@" in host:
        return host.rindex("@")
    name, colon, _ = host.partition(":")
    sign = url.find("@")
    if not name or not colon or sign < 0 or host.startswith("[") or _port(url, len(name) + 1):
        return 0
    rest, _, _ = url[sign:].partition("/")
    return sign + rest.rindex("@")
