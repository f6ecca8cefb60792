"""What a subclass says of its backend, and which rules then apply: the others are not collected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

import pytest
from fsspec import available_protocols, get_filesystem_class

from daypass.backends.calls import Backend
from daypass.backends.filesystems import fs_path
from daypass.backends.loading import registry
from daypass.hookspecs.backend_info import BackendInfo
from daypass.store.store import Store
from daypass.testing.probes import PROBES
from daypass.testing.strangers import Stranger
from daypass.testing.trials import FOLDER, METHODS, Trial

__all__ = ["Bench", "each", "only", "served", "signing"]

Rule = TypeVar("Rule", bound=Callable[..., Any])

#: Facts of `BackendInfo` that a server may fail to check, beside the options.
_OTHER_FACTS = frozenset({"version", "max_key_bytes", "max_expires_in"})


def only(when: Callable[[type[Bench]], object]) -> Callable[[Rule], Rule]:
    """Collect a rule only for the classes that it applies to."""

    def mark(rule: Rule) -> Rule:
        vars(rule).setdefault("daypass_only", []).append(when)
        return rule

    return mark


def each(**cases: Callable[[type[Bench]], Iterable[Any]]) -> Callable[[Rule], Rule]:
    """Run a rule once for each case that a class has; without any it is not collected."""

    def mark(rule: Rule) -> Rule:
        vars(rule).setdefault("daypass_each", {}).update(cases)
        return rule

    return mark


class Bench:
    """The settings and fixtures of the kit: those in the first half are there to be overridden."""

    #: The protocol that the backend is installed for, such as ``"s3"``.
    protocol: ClassVar[str] = ""
    #: The name of the signer under test, such as ``"cloudfront"``; ``protocol`` is then that of the
    #: store it signs for, and ``store`` names the signer too.
    signer: ClassVar[str] = ""
    #: Declared options, methods and ``"max_expires_in"`` that this very credential cannot have. Each
    #: is proven to be refused by name (or, where it describes an upload, to be named as unenforced).
    #: ``"prefix"`` says that its listings and grants are for the whole bucket alone.
    narrowed: ClassVar[frozenset[str]] = frozenset()
    #: Declared facts that this very server does not check: options, ``"version"``,
    #: ``"max_key_bytes"`` and ``"max_expires_in"``. Options are then proven to be part of what is
    #: signed, and nothing more.
    unverified: ClassVar[frozenset[str]] = frozenset()
    #: Declared options that this very server does not know, though others of its kind do: proven to be
    #: part of what is signed, and not to work here.
    lacking: ClassVar[frozenset[str]] = frozenset()
    #: Keys of `daypass.testing.LOOKALIKES` that the store cannot hold, or its SDK cannot ask for:
    #: proven to be refused, by signing or by reading.
    refused_keys: ClassVar[frozenset[str]] = frozenset()
    #: True where no server verifies links: only the rules that need none are collected.
    sign_only: ClassVar[bool] = False
    #: False for a credential that must ask somebody before it signs.
    signs_offline: ClassVar[bool] = True
    #: The address from which the server sees the tests come.
    address: ClassVar[str] = "127.0.0.1"
    #: Seconds that a call gets on a network where nobody answers.
    deadline: ClassVar[float] = 1.0

    @pytest.fixture
    def store(self) -> Store:
        """Return a store whose root is empty, on a real server; a new one for each test."""
        msg = f"{type(self).__name__} must override the fixture store"
        raise NotImplementedError(msg)

    @pytest.fixture
    def send(self) -> Stranger:
        """Return how a stranger uses a link."""
        return Stranger()

    @pytest.fixture
    def place(self, store: Store) -> Callable[[str, bytes], object]:
        """Return what puts an object in the store without a link: here, the filesystem."""

        def put(key: str, body: bytes) -> None:
            fs = store.location.fs
            path = fs_path(store.root.at(key))
            fs.makedirs(fs._parent(path), exist_ok=True)  # noqa: SLF001
            fs.pipe_file(path, body)

        return put

    @pytest.fixture
    def now(self) -> datetime:
        """Return what the server's clock says, to the second."""
        return datetime.now(UTC).replace(microsecond=0)

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """Return the texts that nothing may ever show: keys, tokens, passwords."""
        return ()

    @pytest.fixture
    def dead_credentials(self) -> Sequence[Store]:
        """Return stores that have nothing (or nothing alive) to sign with; optional."""
        return ()

    @pytest.fixture
    def ending_credentials(self) -> tuple[Store, datetime]:
        """Return a store, and the end of its credentials within the next hour; optional."""
        raise NotImplementedError

    # --- what follows is not for overriding ------------------------------------------------------

    #: What the backend declares.
    info: ClassVar[BackendInfo]
    _hooks: ClassVar[Backend]

    @pytest.fixture
    def trial(
        self,
        store: Store,
        send: Stranger,
        place: Callable[[str, bytes], object],
        now: datetime,
    ) -> Trial:
        """Return the store with its stranger."""
        limit = self.info.max_expires_in or 600
        return Trial(store, send, place, now, min(600, limit), self.address)

    def __init_subclass__(cls, **options: Any) -> None:
        """Read the backend's declaration, and leave out the rules that do not apply."""
        super().__init_subclass__(**options)
        if cls.protocol:
            found = registry.signer(cls.signer) if cls.signer else registry.backend(cls.protocol)
            cls.info = found.info
            cls._check_installed()
            cls._hooks = found
            cls._check()
            cls._leave_out()

    @classmethod
    def _check_installed(cls) -> None:
        """Raise where the generic backend would be tested in place of one that is not there."""
        if cls.info.name == "generic" and cls.protocol not in available_protocols():
            msg = (
                f"{cls.__name__}: no backend is installed for {cls.protocol}://: install your "
                "package (pip install -e .), and see what `daypass plugins` says of it"
            )
            raise TypeError(msg)

    @classmethod
    def _check(cls) -> None:
        declared = cls.info.enforces | cls.info.methods
        bound = {"prefix"} if cls.info.prefixes or "LIST" in cls.info.methods else set()
        facts = {
            "narrowed": declared | {"max_expires_in", "multipart", "forms"} | bound,
            "unverified": cls.info.enforces | _OTHER_FACTS,
            "lacking": cls.info.enforces,
        }
        for name, known in facts.items():
            if beyond := frozenset(getattr(cls, name)) - known:
                msg = f"{cls.__name__}.{name} names what {cls.info.name} does not declare: {', '.join(sorted(beyond))}"
                raise TypeError(msg)

        if unknown := cls.info.methods - {*METHODS, "LIST"}:
            msg = f"{cls.__name__}: {cls.info.name} declares methods that are none: {', '.join(sorted(unknown))}"
            raise TypeError(msg)
        if cls.signs() and not cls.methods():
            msg = f"{cls.__name__}: of the methods {', '.join(METHODS)}, {cls.info.name} declares none, or the class narrows all"
            raise TypeError(msg)

    @classmethod
    def _leave_out(cls) -> None:
        for name in filter(lambda name: name.startswith("test"), dir(cls)):
            own = vars(cls).get(name, ...)
            if own is None:
                continue  # left out by the subclass itself
            homes = (vars(base).get(name) for base in cls.__mro__)
            rule = next(found for found in homes if found is not None)
            if not cls._applies(rule):
                setattr(cls, name, None)  # pytest collects no None
            elif getattr(cls, name) is None:
                setattr(cls, name, rule)  # left out by a base class that declares something else

    @classmethod
    def _applies(cls, rule: Callable[..., Any]) -> bool:
        cases = getattr(rule, "daypass_each", {}).values()
        return all(when(cls) for when in getattr(rule, "daypass_only", ())) and all(
            any(True for _ in list_cases(cls)) for list_cases in cases
        )

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give each rule its cases."""
        for name, list_cases in getattr(metafunc.function, "daypass_each", {}).items():
            metafunc.parametrize(name, list(list_cases(type(self))), ids=ascii)

    @classmethod
    def gives(cls, fixture: str) -> bool:
        """Tell whether a subclass overrides a fixture."""
        return next(base for base in cls.__mro__ if fixture in vars(base)) is not Bench

    @classmethod
    def signs(cls) -> bool:
        """Tell whether the backend makes links."""
        return bool(cls.info.methods)

    @classmethod
    def has_filesystem(cls) -> bool:
        """Tell whether fsspec has a filesystem for the protocol, so that a caller may hand one over."""
        try:
            get_filesystem_class(cls.protocol)
        except (ImportError, ValueError):
            return False
        return True

    @classmethod
    def explains(cls) -> bool:
        """Tell whether the backend reads its own links."""
        return cls._hooks.explain_url is not None

    @classmethod
    def verifies(cls) -> bool:
        """Tell whether the backend checks the signatures of its own links."""
        return cls.explains() and cls._hooks.verify_url is not None

    @classmethod
    def served(cls) -> bool:
        """Tell whether links can be tried on a server that verifies them."""
        return cls.signs() and not cls.sign_only

    @classmethod
    def methods(cls) -> list[str]:
        """Return the methods that links can be for."""
        return [name for name in METHODS if name in cls.info.methods - cls.narrowed]

    @classmethod
    def can(cls, *methods: str) -> bool:
        """Tell whether links can be for all these methods, and be tried."""
        return cls.served() and set(methods) <= set(cls.methods())

    @classmethod
    def lists(cls) -> bool:
        """Tell whether links can list, and be tried."""
        return cls.served() and "LIST" in cls.info.methods - cls.narrowed

    @classmethod
    def grants(cls) -> bool:
        """Tell whether there are grants for a prefix, and they can be tried."""
        return cls.served() and cls.info.prefixes

    @classmethod
    def folder(cls) -> str:
        """Return the prefix that listings and grants are tried with: empty where none can be bound."""
        return "" if "prefix" in cls.narrowed else FOLDER

    @classmethod
    def holds(cls, option: str) -> bool:
        """Tell whether an option is declared, and this credential has it."""
        return option in cls.info.enforces - cls.narrowed

    @classmethod
    def options(cls, names: Iterable[str]) -> list[str]:
        """Return those of the options that links of this backend can be asked for."""
        return [
            name for name in sorted(names) if name in PROBES and PROBES[name].method(cls.methods())
        ]

    @classmethod
    def undeclared(cls) -> list[str]:
        """Return the options that are legal, and not declared."""
        return cls.options(PROBES.keys() - cls.info.enforces)


#: For rules about links, whether or not a server verifies them.
signing = only(lambda bench: bench.signs())
#: For rules that try links on a server.
served = only(lambda bench: bench.served())
