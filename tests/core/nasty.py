"""A stranger's text for what reads it, and the time that it may take: for the fuzz targets of each room."""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.conftest import examples

#: Seconds of this thread's own processor time for one input, whatever else the machine does, and with what is
#: imported on the way: many times what any input should take, and a part of what one took that grew with its square.
BUDGET = 3.0
#: What is given at most, in characters.
LONGEST = 65_536
#: Planted where a secret stands; nothing that is said may hold it.
SECRET = "Pl4ntedS3cretPl4ntedS3cret"

_PIECES = [
    *(
        "/",
        "//",
        ".",
        "..",
        "/../",
        "*",
        "**",
        "?",
        "\\",
        ":",
        "::",
        "://",
        "@",
        "&",
        "=",
        ";",
        ",",
    ),
    *(
        "%",
        "%2",
        "%25",
        "%2F",
        "%00",
        "+",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\0",
        "\x1b",
        '"',
        "'",
        "<",
        ">",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "|",
        "~",
        "#",
        "-",
        "_",
        "a",
        "0",
        "é",
        "\u017f",
        "\u202e",
        "\ud800",
    ),
    *(
        "\U0001f5fa",
        "\ufeff",
        "http://",
        "s3://",
        "&amp;",
        "\\/",
        '":"',
        "<!--",
        "]]>",
        "--",
        "Signature=",
    ),
]
_COUNTS = [1, 2, 3, 8, 60, 1_000, 20_000, LONGEST]


def nasty(*pieces: str, longest: int = LONGEST) -> st.SearchStrategy[str]:
    """Make text of pieces that parsers trip over, some repeated until the text is as long as may be.

    Args:
        pieces: more of them, of the language that is read.
        longest: what is given at most, in characters.

    """
    some = st.sampled_from([*_PIECES, *pieces]) | st.text(max_size=8)
    repeated = st.builds(lambda piece, count: piece * count, some, st.sampled_from(_COUNTS))
    parts = st.lists(st.one_of(some, some, repeated), max_size=8)
    return parts.map(lambda found: "".join(found)[:longest])


def fuzz(number: int) -> settings:
    """Try so many inputs, as `examples`; one that takes too long is not made shorter, which would take far longer."""
    phases = [phase for phase in Phase if phase not in (Phase.shrink, Phase.explain)]
    fixtures = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(examples(number), phases=phases, suppress_health_check=fixtures)


@contextmanager
def budget():
    """Fail where the block takes more than an input may.

    Garbage is collected afterwards: of all that a long run of tests holds, that takes over a second.
    """
    gc.disable()
    start = time.thread_time()
    try:
        yield
        taken = time.thread_time() - start
    finally:
        gc.enable()
    assert taken < BUDGET, f"one input took {taken:.1f} s"


def no_secret(*said: object) -> None:
    """Fail where what was said holds what was planted."""
    for one in said:
        assert SECRET not in f"{one} {one!r}"
