"""Who may use a link, and how often: what is kept of it, and what is refused."""

from __future__ import annotations

import pytest

from daypass.errors import InvalidRequestError
from daypass.model.requests import SignRequest, make_request
from tests.core.fakes import Disguise, Hostile
from tests.each import each


@pytest.mark.parametrize("given", [1, 100, 2**63 - 1])
def test_a_number_of_uses_is_kept(given):
    assert SignRequest(max_uses=given).max_uses == given
    assert SignRequest(max_uses=given).conditions == {"max_uses"}


@pytest.mark.parametrize(
    "given", [0, -1, 2**63, 10**5000, True, 1.0, "1", [], Hostile()], ids=range(9)
)
def test_what_is_no_number_of_uses_is_refused(given):
    with pytest.raises(InvalidRequestError, match="max_uses must be a number of uses") as caught:
        SignRequest(max_uses=given)
    assert caught.value.option == "max_uses"
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("example.org", ("example.org",)),
        (["Example.ORG", "*.example.org", "example.org"], ("example.org", "*.example.org")),
        (("localhost", "192.0.2.7"), ("localhost", "192.0.2.7")),
        (["xn--bcher-kva.example", "my_app.example"], ("xn--bcher-kva.example", "my_app.example")),
        (Disguise("example.org"), ("example.org",)),
        ([Disguise("a.example")], ("a.example",)),
        ([f"{number}.example" for number in range(100)], tuple(f"{n}.example" for n in range(100))),
        (".".join(["a" * 63] * 3 + ["b" * 61]), (".".join(["a" * 63] * 3 + ["b" * 61]),)),
    ],
    ids=range(8),
)
def test_hosts_are_kept_in_lower_case_and_each_once(given, kept):
    found = SignRequest(referrers=given).referrers
    assert found == kept
    assert {type(host) for host in found} == {str}


@each("given", [
        *("", "*", "*.", ".example", "example.", "a..b", "-a.example", "a-.example", "a b", "a/b", "a:80"),
        *("https://a.example", "a.example/", "a@b", "*a.example", "a.*.example", "*.*.example", "[::1]"),
        *("b\u00fccher.example", "\u212a.example", "\u0131.example", "a.example\n", "a,b", "a" * 64 + ".example"),
        *("a." * 127 + "aa", "a" * 100_000, [], (), ["a.example", ""], [None], [5], [["a"]], {"a.example"}),
        *({"a.example": 1}, b"a.example", 5, object(), Hostile(), ["a.example"] * 101),
    ])  # fmt: skip
def test_what_is_no_host_is_refused(given):
    with pytest.raises(InvalidRequestError, match=r"referrers must be a host such as") as caught:
        SignRequest(referrers=given)
    assert caught.value.option == "referrers"
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["a.example", "https://b.example"], "not 'https://b.example'"),
        ([], "a list of 1 to 100, not a list of 0"),
        (["a.example"] * 101, "not a list of 101"),
    ],
)
def test_the_host_that_is_none_is_named_or_how_many_there_are(given, said):
    with pytest.raises(InvalidRequestError) as caught:
        SignRequest(referrers=given)
    assert str(caught.value).endswith(said)


def test_no_host_at_all_is_a_mistake_and_no_link_for_everybody():
    """Unlike empty metadata: a link that was meant to be restricted would go unrestricted."""
    with pytest.raises(InvalidRequestError):
        make_request({"referrers": []})
    assert make_request({"referrers": None}).conditions == frozenset()


def test_a_list_of_hosts_makes_the_request_that_a_tuple_makes():
    assert make_request({"referrers": ["a.example"]}) == make_request({"referrers": ("a.example",)})
