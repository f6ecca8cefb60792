"""Whatever a page, a VRT or a text in Markdown holds: it is read in little time, and all but its paths stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given

from daypass.objects.texts import sign_text
from tests.core.nasty import budget, fuzz, nasty

TEXTS = nasty(
    *("s3://m/a", "s3://m/a b(c)", "/vsis3/m/a", "<a href=", "<img srcset='", " 1x, ", "</a>"),
    *("<script>", "</script>", "<STYLE", "<!", "<?", "<![CDATA[", "-->", "<VRTDataset>"),
    *("](", "](<", "[a]: ", "`", "``", "```", "~~~", "\n```\n", "\n\n", "> ", "<s3://m/a>"),
)
#: What stands in no text that is made.
URL = "\u2603"


@pytest.mark.parametrize(("begin", "end"), [("", ""), ("<p>", ">"), ("<VRTDataset>", ">")])
@fuzz(60)
@given(TEXTS)
def test_any_text_is_read(begin, end, text):
    text = f"{begin}{text.replace(URL, '')}{end}"
    found = []

    def urls(paths):
        found.extend(paths)
        return [URL] * len(paths)

    with budget():
        signed = sign_text(text, ["s3"], urls)
    assert all(path.startswith("s3://") for path in found)
    pieces = [piece.removesuffix("/vsicurl/") for piece in signed.split(URL)]
    assert len(pieces) == len(found) + 1
    assert text.startswith(pieces[0])
    assert text.endswith(pieces[-1])
    at = 0
    for piece in pieces:
        at = text.index(piece, at) + len(piece)
