"""What strangers call their files, made harmless."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass_links.server.inbox.limits import PLAIN, type_of
from daypass_links.server.inbox.names import harmless, new_key


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("report.pdf", "report.pdf"),
        ("Prüfbericht Nr. 7 (final).pdf", "Prüfbericht Nr. 7 (final).pdf"),
        ("報告.pdf", "報告.pdf"),
        ("U\u0308bung.txt", "Übung.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.txt", "a.txt"),
        ("a/", "file"),
        ("", "file"),
        ("..", "file"),
        (".bashrc", "bashrc"),
        (" . .hidden . ", "hidden"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("\u2066a\u2069\u200b\ufeff\x00\x1b[31m.txt", "a[31m.txt"),
        ("a\r\nb\u2028c.txt", "a b c.txt"),
        ("con", "_con"),
        ("NUL.tar.gz", "_NUL.tar.gz"),
        ("COM1.txt", "_COM1.txt"),
        ("COM¹", "_COM¹"),
        ("console.txt", "console.txt"),
        ("-rf", "_rf"),
        ("a.txt:Zone.Identifier", "a.txt_Zone.Identifier"),
        ('<img src="x" onerror=1>.png', "_img src=_x_ onerror=1_.png"),
        ("100%?#.csv", "100___.csv"),
        ("$(rm x)`y`;z", "_(rm x)_y__z"),
    ],
)
def test_a_name_is_made_harmless(name, made):
    assert harmless(name) == made


def test_a_long_name_keeps_its_ending_and_whole_characters():
    made = harmless("ü" * 400 + ".parquet")
    assert len(made.encode()) <= 180
    assert re.fullmatch(r"ü+\.parquet", made)


def test_a_key_is_a_folder_of_its_own_and_the_name():
    assert new_key("../a.csv", 1_796_000_000.9, "0f") == "2026-11-30T005320Z-0f/a.csv"


@given(st.text(max_size=300))
def test_whatever_a_file_is_called_what_is_made_of_it_is_one_segment_that_is_seen(name):
    made = harmless(name)
    assert 0 < len(made.encode()) <= 180
    assert not set(made) & set('/\\<>:"|?*%#&\u2028\u2029')
    assert not made.startswith((".", "-", " "))
    assert not made.endswith((".", " "))
    assert unicodedata.is_normalized("NFC", made)
    assert "C" not in {unicodedata.category(one)[0] for one in made}
    assert harmless(made) == made


@pytest.mark.parametrize(
    "said", ["", "text", "text/", "a b/c", "text/html<", "../..", "x" * 999, "é/x"]
)
def test_what_is_no_media_type_is_bytes(said):
    assert type_of(said) == PLAIN
