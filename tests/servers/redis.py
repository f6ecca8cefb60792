"""A real Redis server for tests, and a TLS front for it: on 127.0.0.1, on free ports, ended at the end."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
from redis import Redis

from tests.servers.install import redis_program
from tests.servers.process import ServerEndedError, serving


@attrs.frozen
class RedisServer:
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}"

    def client(self, db: int = 0, password: str | None = None) -> Redis:
        return Redis(self.host, self.port, db, password)


@contextlib.contextmanager
def redis_server(*config: str, again: RedisServer | None = None) -> Iterator[RedisServer]:
    """Start a server with further lines of configuration, such as ``requirepass secret``; or where one was that has ended."""
    with contextlib.ExitStack() as stack:
        for attempt in range(5):
            port = _free_port() if again is None else again.port
            try:
                stack.enter_context(_start(port, config))
                break
            except ServerEndedError:  # another process may have taken the port
                if attempt == 4:
                    raise
        yield RedisServer("127.0.0.1", port)


@contextlib.contextmanager
def _start(port: int, config: tuple[str, ...]) -> Iterator[None]:
    with TemporaryDirectory(prefix="redis-", ignore_cleanup_errors=True) as directory:
        # It runs in the directory, whose name may hold what its configuration would take apart.
        lines = ["bind 127.0.0.1", f"port {port}", 'save ""', *config]
        file = Path(directory, "redis.conf")
        file.write_text("\n".join(lines))
        with serving([redis_program(), str(file)], directory) as output:
            # The server itself says when it is ready; a probe of the port could meet another's server.
            output.wait_for("Ready to accept connections")
            yield


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@contextlib.contextmanager
def tls_front(server: RedisServer, directory: Path) -> Iterator[tuple[int, Path]]:
    """Give a server TLS, which some are built without: yield the port and the CA's file."""
    certificate = _certificate(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, server), daemon=True).start()
        try:
            yield listener.getsockname()[1], certificate
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, context: ssl.SSLContext, server: RedisServer) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(plain, context, server), daemon=True).start()


def _serve(plain: socket.socket, context: ssl.SSLContext, server: RedisServer) -> None:
    """Carry one connection until either side ends it."""
    with (
        contextlib.suppress(OSError),
        plain,
        context.wrap_socket(plain, server_side=True) as client,
        socket.create_connection((server.host, server.port)) as backend,
    ):
        pump = threading.Thread(target=_copy, args=(backend, client), daemon=True)
        pump.start()
        _copy(client, backend)
        backend.shutdown(socket.SHUT_RDWR)
        pump.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)


def _certificate(directory: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = directory / "redis.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
