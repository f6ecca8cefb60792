"""Many keys at once: in chunks, each signed at one instant and recorded before it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, Literal

import attrs

from daypass.base.messages import shown
from daypass.errors import (
    DaypassError,
    InvalidPathError,
    InvalidRequestError,
    SigningNotSupportedError,
)
from daypass.gate import doors
from daypass.gate.check import refuse_signing
from daypass.model.batches import SignedURLBatch
from daypass.model.links import SignedURL
from daypass.model.options import PER_ROW
from daypass.model.paths import (
    PROFILES,
    SHORT,
    check_key,
    check_prefix,
    check_version,
    is_plain,
    shown_path,
)
from daypass.model.requests import SignRequest, make_request
from daypass.store.keywords import check_column, check_errors
from daypass.store.root import Root

__all__ = ["CHUNK", "blamed", "by_path", "in_root", "sign_all"]

#: How many rows are signed at one instant, recorded as one, and held in memory for a stream.
CHUNK = 65_536

#: Tells of rows which lie below which root: their numbers, and their whole keys. A row that lies nowhere
#: becomes a fault. The last argument says whether the keys are prefixes to be listed.
Sort = Callable[
    [Sequence[Any], dict[int, DaypassError], bool],
    Mapping[Root, tuple[Sequence[int], list[str]]],
]


@attrs.frozen
class Job:
    """What is the same for every row of a bulk call."""

    sort: Sort
    options: Mapping[str, Any]
    #: What the options make.
    request: SignRequest
    errors: Literal["raise", "collect"]


def sign_all(
    sort: Sort,
    rows: Iterable[Any],
    options: Mapping[str, Any],
    errors: Literal["raise", "collect"],
) -> SignedURLBatch | Iterator[SignedURL]:
    """Sign every row: an iterator as it is read, anything else into one batch.

    Args:
        sort: tells which rows lie below which root.
        rows: keys or paths.
        options: the keywords; of those in `PER_ROW`, a value for each row.
        errors: raise the first row's error, or collect them.

    Raises:
        InvalidRequestError: if a column does not have one value for each row.
        DaypassError: of the first row that cannot be signed, unless errors are collected. Without
            columns all keys of a chunk are looked at before any is signed.

    """
    check_errors(errors)
    if isinstance(rows, (str, bytes)) or not isinstance(rows, Iterable):
        msg = f"many rows are an iterable of text, not one {type(rows).__name__}"
        raise InvalidPathError(msg, option="path")
    # What is wrong for every row is said before the first.
    shared = {name: value for name, value in options.items() if name not in PER_ROW}
    columns = {name: options[name] for name in PER_ROW if options.get(name) is not None}
    for name, column in columns.items():
        check_column(name, column)
    job = Job(sort, shared, make_request(shared), errors)
    batches = _sign_chunks(job, rows, columns)
    if isinstance(rows, Iterator):
        return (link for batch in batches for link in batch)
    return SignedURLBatch.joined(list(batches))


def _sign_chunks(
    job: Job, rows: Iterable[Any], columns: Mapping[str, Iterable[Any]]
) -> Iterator[SignedURLBatch]:
    """Sign rows chunk by chunk, reading no further ahead than one chunk."""
    first = 0
    for chunk, parts in _chunks(rows, columns):
        yield _sign_chunk(job, chunk, parts, first)
        first += len(chunk)


def _chunks(
    rows: Iterable[Any], columns: Mapping[str, Iterable[Any]]
) -> Iterator[tuple[list[Any], dict[str, list[Any]]]]:
    """Cut rows and their columns into chunks of the same rows."""
    source = iter(rows)
    sources = {name: iter(column) for name, column in columns.items()}
    while True:
        chunk = list(islice(source, CHUNK))
        # One more than none, so that a column that goes on is noticed.
        parts = {name: list(islice(column, len(chunk) or 1)) for name, column in sources.items()}
        for name, part in parts.items():
            if len(part) != len(chunk):
                msg = f"the column {name} does not have one value for each row"
                raise InvalidRequestError(msg, option=name)
        if not chunk:
            return
        yield chunk, parts


def in_root(
    root: Root, rows: Sequence[Any], faults: dict[int, DaypassError], listing: bool
) -> Mapping[Root, tuple[Sequence[int], list[str]]]:
    """Sort keys, which all lie below one root; a key that is none is a fault."""
    return {root: _below(root, range(len(rows)), rows, faults, listing=listing)}


def by_path(
    find: Callable[[Any], tuple[Root, str]],
    caller: str | None,
    rows: Sequence[Any],
    faults: dict[int, DaypassError],
    listing: bool,
) -> Mapping[Root, tuple[Sequence[int], list[str]]]:
    """Sort whole paths by their root, in order within each; a path that is none is a fault."""
    groups: dict[Root, tuple[list[int], list[str]]] = {}
    prefix = "\0"  # of the bucket that the row before was in
    known: tuple[list[int], list[str]] = ([], [])
    for number, path in enumerate(rows):
        if path.__class__ is str and path.startswith(prefix) and "::" not in path:
            known[0].append(number)
            known[1].append(path[len(prefix) :])
            continue
        try:
            root, key = find(path)
        except DaypassError as error:
            faults[number] = error
            continue
        known = groups.setdefault(root, ([], []))
        known[0].append(number)
        known[1].append(key)
        place = root.location
        bucket = f"{place.protocol}://{place.bucket}/"
        if place.profile is not None:
            bucket = f"{PROFILES}://{place.profile}/"
        # Only where the key is what follows it, which a UPath's or a chained path's is not.
        prefix = bucket if place.bucket and path == bucket + key else "\0"
    return {
        root.called(caller): _below(root, numbers, keys, faults, listing=listing)
        for root, (numbers, keys) in groups.items()
    }


def _below(
    root: Root,
    numbers: Sequence[int],
    keys: Sequence[Any],
    faults: dict[int, DaypassError],
    *,
    listing: bool,
) -> tuple[Sequence[int], list[str]]:
    """Return the whole keys of rows below a root, as `Root.at` makes them; a key that is none is a fault."""
    place = root.location.key
    as_most = set(map(type, keys)) <= {str} and (not place or all(keys))
    if as_most and root.version_mark is None and "://" not in "\n".join(keys):  # all at once
        if not place:
            return numbers, list(keys)
        prefix = place if place.endswith("/") else f"{place}/"
        return numbers, [prefix + key for key in keys]
    sound: list[int] = []
    found: list[str] = []
    for number, key in zip(numbers, keys, strict=True):
        try:
            found.append(root.at(key, whole=listing).key)
        except DaypassError as error:
            faults[number] = error
        else:
            sound.append(number)
    return sound, found


def _sign_chunk(
    job: Job, rows: Sequence[Any], columns: Mapping[str, Sequence[Any]], first: int = 0
) -> SignedURLBatch:
    """Sign one chunk; ``first`` is the number of its first row in the whole call.

    Raises:
        DaypassError: of the first row that cannot be signed, with its number, unless the job
            collects errors.

    """
    faults: dict[int, DaypassError] = {}
    groups = {
        root: _sound(job, root, *found, faults=faults)
        for root, found in job.sort(rows, faults, job.request.method == "LIST").items()
    }
    signed: list[tuple[Sequence[int], SignedURLBatch]] = []
    if columns:
        signed = _sign_rows(job, groups, columns=columns, faults=faults)
    elif not faults or job.errors == "collect":
        signed = _sign_groups(job, groups, faults=faults)
    if faults and job.errors == "raise":
        row = min(faults)
        raise blamed(faults[row], first + row, rows[row])
    if len(signed) == 1 and not faults and len(signed[0][1]) == len(rows):
        return signed[0][1]
    return _assemble(len(rows), signed, faults)


def blamed(error: DaypassError, row: int, path: object) -> DaypassError:
    """Name the row in the error, and row and path in its message.

    Args:
        error: what is wrong.
        row: its number.
        path: the path or the key that stands there.

    """
    error.row = row
    text = shown_path(path) if isinstance(path, str) else ""
    named = f"row {row}, {shown(text)}" if text else f"row {row}"
    error.args = (f"{named}: {error}",)
    return error


def _sound(
    job: Job,
    root: Root,
    numbers: Sequence[int],
    keys: list[str],
    *,
    faults: dict[int, DaypassError],
) -> tuple[Sequence[int], list[str]]:
    """Return the rows whose keys a link can name; the others become faults."""
    limit = root.backend.info.max_key_bytes
    short = limit is None or limit >= SHORT
    if short and _all_plain(keys):
        return numbers, keys
    # What most keys are needs no closer look.
    suspects = [place for place, key in enumerate(keys) if not (short and is_plain(key))]
    dots = job.request.allow_dot_segments
    bad = set()
    for place in suspects:
        key = keys[place]
        try:
            if job.request.method == "LIST":
                check_prefix(key, max_bytes=limit)
            else:
                check_key(key, max_bytes=limit, allow_dot_segments=dots)
        except DaypassError as error:
            faults[numbers[place]] = error
            bad.add(place)
    if not bad:
        return numbers, keys
    kept = [place for place in range(len(keys)) if place not in bad]
    return [numbers[place] for place in kept], [keys[place] for place in kept]


def _all_plain(keys: Sequence[str]) -> bool:
    """Tell whether all keys are what most keys are, by one look at them all."""
    text = "/" + "/".join(keys)
    return (
        text.isascii()
        and text.isprintable()
        and "/." not in text
        and all(keys)
        and max(map(len, keys), default=0) < SHORT
    )


def _sign_groups(
    job: Job,
    groups: Mapping[Root, tuple[Sequence[int], list[str]]],
    *,
    faults: dict[int, DaypassError],
) -> list[tuple[Sequence[int], SignedURLBatch]]:
    """Sign root by root, and no further than a fault that is to be raised."""
    signed: list[tuple[Sequence[int], SignedURLBatch]] = []
    for root, (numbers, keys) in groups.items():
        try:
            signed += _sign(job, root, numbers, keys, faults=faults)
        except DaypassError as error:
            if len(groups) == 1:
                raise  # not one row's fault: none of the call can be signed
            faults[numbers[0]] = error
        if faults and job.errors == "raise":
            break
    return signed


def _sign(
    job: Job,
    root: Root,
    numbers: Sequence[int],
    keys: list[str],
    *,
    faults: dict[int, DaypassError],
) -> list[tuple[Sequence[int], SignedURLBatch]]:
    """Sign the rows of one root; a fault of one row is that row's, of the root it is all rows'."""
    signed: list[tuple[Sequence[int], SignedURLBatch]] = []
    while keys:
        refused: dict[int, DaypassError] = {}
        done: list[Sequence[int]] = []
        try:
            backend, bucket, request = root.request_for(
                "create_signed_urls", "", job.options, made=job.request
            )
            for places, batch in doors.create_signed_urls(
                backend,
                bucket,
                keys,
                request,
                caller=root.caller,
                refused=None if job.errors == "raise" else refused,
            ):
                signed.append((_picked(numbers, places), batch))
                done.append(places)
        except DaypassError as error:
            place, error.row = error.row, None
            own = isinstance(
                error, SigningNotSupportedError
            )  # of each path, which may name no protocol
            if place is None and job.errors == "raise" and not own:
                raise  # no row of this root can be signed
            gone = {*refused, *(row for rows in done for row in rows)}
            left = [row for row in range(len(keys)) if row not in gone and row != place]
            if place is not None:
                faults[numbers[place]] = error
            elif own:
                faults.update({numbers[row]: _refused(root, keys[row], error) for row in left})
            else:
                faults.update({numbers[row]: error for row in left})
            faults.update({numbers[row]: found for row, found in refused.items()})
            if place is None or job.errors == "raise":
                break
            # The rows before it are good, so that each is signed once, however many are bad.
            before = [row for row in left if row < place]
            after = [row for row in left if row > place]
            signed += _sign(
                job,
                root,
                [numbers[row] for row in before],
                [keys[row] for row in before],
                faults=faults,
            )
            numbers, keys = [numbers[row] for row in after], [keys[row] for row in after]
        else:
            faults.update({numbers[row]: found for row, found in refused.items()})
            break
    return signed


def _refused(root: Root, key: str, error: DaypassError) -> DaypassError:
    """Say of one path why it has no link."""
    if root.backend.create_signed_url is not None:
        return error  # signs, but not so
    try:
        refuse_signing(root.backend, root.location.at(key))
    except DaypassError as own:
        return own


def _picked(numbers: Sequence[int], places: Sequence[int]) -> Sequence[int]:
    return numbers if len(places) == len(numbers) else [numbers[place] for place in places]


def _sign_rows(
    job: Job,
    groups: Mapping[Root, tuple[Sequence[int], list[str]]],
    *,
    columns: Mapping[str, Sequence[Any]],
    faults: dict[int, DaypassError],
) -> list[tuple[Sequence[int], SignedURLBatch]]:
    """Sign rows that differ in more than their key, one by one, and no further than a fault that is to be raised."""
    done: list[int] = []
    links: list[SignedURL] = []
    last = min(faults) if faults and job.errors == "raise" else None
    places = (
        (number, key, root)
        for root, (numbers, keys) in groups.items()
        for number, key in zip(numbers, keys, strict=True)
    )
    for number, key, root in sorted(places, key=itemgetter(0)):
        if last is not None and number > last:
            break
        own = {name: column[number] for name, column in columns.items()}
        version = own.pop("version", None)
        try:
            backend, bucket, request = root.request_for(
                "create_signed_urls", "", {**job.options, **own}
            )
            location = bucket.at(key, check_version(version))
            links.append(doors.create_signed_url(backend, location, request, caller=root.caller))
            done.append(number)
        except DaypassError as error:
            faults[number] = error
            if job.errors == "raise":
                break
    return [(done, SignedURLBatch.of_rows(links))] if links else []


def _assemble(
    count: int,
    signed: Sequence[tuple[Sequence[int], SignedURLBatch]],
    faults: Mapping[int, DaypassError],
) -> SignedURLBatch:
    """Put the rows of several roots, and those that failed, back into their order."""
    urls: list[str | None] = [None] * count
    keys = [""] * count
    which = [0] * count
    likes: list[SignedURL] = []
    for numbers, batch in signed:
        start = len(likes)
        patterns, of_row = batch.patterns()
        likes += patterns
        for number, url, key, pattern in zip(numbers, batch.urls, batch.keys, of_row, strict=True):
            urls[number], keys[number], which[number] = url, key, start + pattern
    return SignedURLBatch(urls, keys, tuple(likes), which, dict(faults))
