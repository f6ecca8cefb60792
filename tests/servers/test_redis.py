"""What runs Redis for other tests."""

from tests.servers.redis import redis_server


def test_it_runs_below_a_directory_of_any_name(tmp_path, monkeypatch):
    place = tmp_path / 'it\'s a "place"\n# of ümläuts'
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    with redis_server() as server, server.client() as client:
        assert client.ping()
        assert client.config_get("dir")["dir"].startswith(str(place))
    assert not list(place.iterdir())
