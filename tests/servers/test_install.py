"""What the tests need beside Python packages is found, or missed in one sentence that says what installs it."""

import pytest

from tests.servers import install


@pytest.mark.parametrize(
    ("find", "name"),
    [
        (install.azurite_program, "Azurite 3.37.0"),
        (install.page_modules, "what npm has for the tests of pages"),
        (install.uppy_script, "Uppy"),
        (install.localstack_python, "LocalStack"),
        (install.small_stores_python, "nanio and MiniStack"),
        (install.openid_python, "oidc-provider-mock"),
        (install.duckdb_python, "DuckDB with httpfs"),
        (install.chromium_program, "Chromium"),
        (install.nginx_program, "nginx"),
        (install.compiler, "gcc"),
        (install.java_program, "Java"),
    ],
)
def test_what_is_missing_is_told_with_the_command_that_installs_it(
    find, name, tmp_path, monkeypatch
):
    monkeypatch.setattr(install, "_HOME", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(install.MissingServerError, match=rf"^{name}.*tox -e servers installs it$"):
        find()


def test_one_that_was_not_installed_to_the_end_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "_HOME", tmp_path)
    program = (
        tmp_path / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    )
    program.parent.mkdir(parents=True)
    program.touch()
    with pytest.raises(install.MissingServerError):
        install.azurite_program()
    (tmp_path / "azurite" / ".version").write_text("3.36.0")  # another one
    with pytest.raises(install.MissingServerError):
        install.azurite_program()
    (tmp_path / "azurite" / ".version").write_text(install.AZURITE)
    assert install.azurite_program() == program


@pytest.mark.servers
@pytest.mark.parametrize("name", install._UNUSED)
def test_azurite_takes_an_empty_package_and_npm_puts_no_other_beside_it(name):
    modules = install.azurite_program().parents[4]
    assert (modules / name / "index.js").read_bytes() == b""
    assert not [*modules.glob(f"*/node_modules/{name}")]
