"""Whatever a file of the configuration holds: it is read, or an error of ours names it, in little time."""

from __future__ import annotations

import pytest
from hypothesis import given

from daypass import config
from daypass.errors import ConfigError
from tests.core.nasty import SECRET, budget, fuzz, nasty, no_secret

TEXTS = nasty(
    *(
        "[profiles.maps]\n",
        "[policy]\n",
        "[[policy.rules]]\n",
        "[audit]\n",
        'url = "s3://maps"\n',
        'name = "a"\n',
    ),
    *(
        "storage_options.",
        "secret = ",
        "= true\n",
        "= 1\n",
        "a.",
        "[",
        "[[",
        "{a=",
        '"""',
        "'''",
        "\\u0000",
        "1e9999\n",
    ),
    *('paths = ["s3://**"]\n', "#", "${", "$A", "keyring:"),
)


@pytest.mark.parametrize("kind", ["user", "project", "named"])
@fuzz(60)
@given(text=TEXTS)
def test_any_file_is_read_or_named(places, kind, text):
    before = f"[profiles.own]\nurl = 's3://own'\nstorage_options.secret = '{SECRET}'\n"
    data = (before + text).encode(errors="surrogatepass")[:65_536]
    with budget():
        try:
            places.write(**{kind: data})
            loaded = config.load()
            loaded.policy, loaded.audit  # noqa: B018 - read when they are asked for
            no_secret(loaded)
        except ConfigError as error:
            no_secret(error, error.__cause__, error.__context__)
        _, _, faults = config.check()
        no_secret(*faults)
