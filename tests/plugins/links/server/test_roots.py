"""What may be shared: roots, and the ways to write a path below them."""

from __future__ import annotations

LINK = "/v1/links"
ROOT = '[[roots]]\nprofile = "maps"\n'


def refused(server, path, **asked):
    answer = server.ask("POST", LINK, json={"path": path, **asked})
    return answer.status_code, answer.json()["code"]


def test_a_profiles_root_is_shared_by_the_path_of_its_place_too(serving):
    server = serving(ROOT)
    link = server.link("s3://results/x/a.csv")
    assert link["path"] == "daypass://maps/x/a.csv"
    assert server.link("s3://results", prefix=True)["path"] == "daypass://maps/"
    where = server.use(link).headers["location"]
    assert where.startswith("https://results.s3.eu-west-1.amazonaws.com/x/a.csv?")


def test_whichever_way_a_path_is_written_it_is_found_and_taken_back(serving):
    server = serving(ROOT)
    links = [server.link(f"{root}/x/a.csv") for root in ("s3://results", "daypass://maps")]
    for prefix in ("s3://results/x/", "daypass://maps/x/"):
        assert len(server.ask("GET", LINK, params={"prefix": prefix}).json()["items"]) == 2
    answer = server.ask("POST", "/v1/revoke", json={"prefix": "s3://results/x/"})
    assert answer.json() == {"revoked": 2}
    assert [server.use(link).status_code for link in links] == [410, 410]


def test_a_key_for_a_path_is_for_it_whichever_way_it_is_written(serving):
    server = serving(ROOT)
    for prefix in ("s3://results/x", "daypass://maps/x"):
        key = server.new_key("ann", prefixes=[prefix])
        for body, status in (
            ({"path": "s3://results/x/a"}, 201),
            ({"path": "s3://results/y/a"}, 403),
        ):
            assert server.ask("POST", LINK, key=key, json=body).status_code == status


def test_of_two_roots_for_one_place_the_one_that_is_written_so_serves(serving):
    server = serving(f'{ROOT}[[roots]]\nurl = "s3://results"\nmethods = ["GET"]\n')
    assert server.link("daypass://maps/a", method="PUT")["path"] == "daypass://maps/a"
    assert refused(server, "s3://results/a", method="PUT") == (403, "refused")


def test_a_root_without_patterns_shares_keys_with_empty_segments_and_none_with_dots(serving):
    server = serving(ROOT)
    where = server.use(server.link("daypass://maps/a//b")).headers["location"]
    assert where.startswith("https://results.s3.eu-west-1.amazonaws.com/a//b?")
    for path in ("a/../b", "../b", "a/./b"):
        said = refused(server, f"daypass://maps/{path}", allow_dot_segments=True)
        assert said == (400, "invalid-path")
    patterned = serving(f'{ROOT}paths = ["a/**"]\n')
    assert refused(patterned, "daypass://maps/a//b") == (403, "refused")


def test_roots_of_one_place_add_up_in_any_order(serving):
    public = '[[roots]]\nprofile = "maps"\npaths = ["public/**"]\nmethods = ["GET", "HEAD"]\n'
    analysts = '[[roots]]\nprofile = "maps"\ngroups = ["analysts"]\n'
    for roots in (public + analysts, analysts + public):
        server = serving(roots)
        ann, bob = server.new_key("ann", groups=["analysts"]), server.new_key("bob")

        def asked(key, path, method="GET", server=server):
            body = {"path": f"daypass://maps/{path}", "method": method}
            return server.ask("POST", LINK, key=key, json=body)

        made = asked(ann, "raw/a", "PUT")
        assert made.status_code == 201
        assert server.use(made.json(), method="PUT").status_code == 307
        assert asked(bob, "public/a").status_code == 201
        assert asked(bob, "public/a", "PUT").status_code == 403
        said = asked(bob, "raw/a").json()["detail"]
        assert "of daypass://maps only public/** is shared" in said
        assert "what lies below daypass://maps is shared by members of analysts alone" in said


def test_of_nested_roots_the_longest_alone_decides(serving):
    inner = '[[roots]]\nurl = "s3://results/private"\ngroups = ["analysts"]\n'
    server = serving(ROOT + inner)
    assert refused(server, "s3://results/private/a") == (403, "refused")
    assert server.link("daypass://maps/a")["path"] == "daypass://maps/a"
