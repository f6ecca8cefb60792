"""Settings of every test: the documentation's examples run too, and nobody's own cloud decides a test."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.example import SybilFailure
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

from tests.docs.described import install

#: How names of variables begin, in capitals or not, that lead SDKs, servers and daypass itself.
_LEADING = (
    *("AWS_", "BOTO", "AZURE_", "AZURITE_", "CLOUDSDK_", "GOOGLE_", "STORAGE_EMULATOR_"),
    *("DAYPASS_", "FSSPEC_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)
# Before any SDK is imported or server started: a developer's own profile, endpoint or proxy decides no test.
for name in [name for name in os.environ if name.upper().startswith(_LEADING)]:
    del os.environ[name]
os.environ |= {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "FSSPEC_CONFIG_DIR": os.devnull,
    "XDG_CONFIG_HOME": os.devnull,  # where daypass looks for its own configuration, too
}

# To be imported by jsonschema, it parses 38 grammars, and no schema here asks what they are for: 2 s in each worker.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

#: Memory that Linux gives as a directory.
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - all that is made there has a name that nobody can guess


def _keep_files_in_memory() -> None:
    """Let servers and databases not wait for a disk, as they do for half of the time: what they keep ends with them."""
    if "TMPDIR" in os.environ or not _SHARED_MEMORY.is_dir():
        return
    flags = os.statvfs(_SHARED_MEMORY).f_flag
    if flags & (os.ST_RDONLY | os.ST_NOEXEC) or shutil.disk_usage(_SHARED_MEMORY).free < 4 << 30:
        return
    os.environ["TMPDIR"] = str(_SHARED_MEMORY)
    tempfile.tempdir = None  # pytest has asked for one already


_keep_files_in_memory()

#: Real servers, each one for a whole run.
pytest_plugins = ["tests.servers.shared"]

_ROOT = Path(__file__).parent
_SYBIL = Sybil(
    parsers=[
        PythonCodeBlockParser(doctest_optionflags=ELLIPSIS | NORMALIZE_WHITESPACE),
        CodeBlockParser("toml", evaluator=install),
        SkipParser(),
    ]
)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take the README and every page of the documentation as tests."""
    if file_path.suffix != ".md" or "_build" in file_path.parts:
        return None
    if file_path != _ROOT / "README.md" and _ROOT / "docs" not in file_path.parents:
        return None
    return _Page.from_parent(parent, path=file_path)


class _Page(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        if any(_SYBIL.parse(self.path).examples()):
            yield _Examples.from_parent(self, name="examples")


class _Examples(pytest.Item):
    """All examples of one page: one test, since each builds on those before it."""

    def runtest(self) -> None:
        from daypass.backends import Registry, registry

        environment, place = dict(os.environ), Path.cwd()
        try:
            for example in _SYBIL.parse(self.path).examples():
                example.evaluate()
        finally:
            vars(registry).update(vars(Registry()))  # the plugins that the page has made
            os.chdir(place)
            os.environ.clear()
            os.environ.update(environment)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None
    ) -> str:
        if isinstance(excinfo.value, SybilFailure):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo, style))  # type: ignore[arg-type]

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.nodeid
