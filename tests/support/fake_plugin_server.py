"""A real server over real sockets that answers badly on purpose: raw bytes, any pace, with TLS or without."""

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.waiting import HANGS_AFTER_SECONDS


class Visit:
    """One accepted connection, as a behaviour sees it."""

    def __init__(self, sock: socket.socket, over: threading.Event, on_request: Callable[[bytes], None]) -> None:
        self.sock = sock
        self.over = over
        self._on_request = on_request
        self._buffer = b""

    def read_request(self) -> bytes:
        """Return the next whole request with its body, or nothing when the client hung up."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._receive():
                return b""
        head, _, _ = self._buffer.partition(b"\r\n\r\n")
        end = len(head) + 4 + _content_length(head)
        while len(self._buffer) < end and self._receive():
            pass
        request, self._buffer = self._buffer[:end], self._buffer[end:]
        self._on_request(request)
        return request

    def requests(self) -> Iterator[bytes]:
        while request := self.read_request():
            yield request

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes, every: float = 0.02, size: int = 1) -> None:
        """Send `size` bytes at a time, `every` so many seconds, until the server is stopped."""
        for start in range(0, len(data), size):
            self.send(data[start : start + size])
            if self.over.wait(every):
                return

    def stall(self) -> None:
        """Do nothing until the server is stopped."""
        self.over.wait()

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    def _receive(self) -> bool:
        data = self.sock.recv(65536)
        self._buffer += data
        return bool(data)


def _content_length(head: bytes) -> int:
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    return int(fields.get(b"content-length", b"0"))


Behaviour = Callable[[Visit], None]


def message(body: bytes = b"{}", *fields: str, status: str = "200 OK") -> bytes:
    """Return a whole HTTP/1.1 answer with its length."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def answers(*messages: bytes) -> Behaviour:
    """Answer the requests of a connection in turn, the last message for all that follow."""

    def behave(visit: Visit) -> None:
        for number, _ in enumerate(visit.requests()):
            visit.send(messages[min(number, len(messages) - 1)])

    return behave


def reads_and_is_silent(visit: Visit) -> None:
    """Read a request and do nothing until the server is stopped."""
    visit.read_request()
    visit.stall()


def answers_once(data: bytes) -> Behaviour:
    """Send these bytes after the first request and hang up."""

    def behave(visit: Visit) -> None:
        if visit.read_request():
            visit.send(data)

    return behave


def drips(start: bytes, slowly: bytes, *, every: float = 0.02, size: int = 1) -> Behaviour:
    """Send the start at once and the rest a few bytes at a time."""

    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.send(start)
        visit.drip(slowly, every, size)

    return behave


class FakePluginServer:
    """Listens while it is entered; each connection runs `behaviour` in its own thread.

    `accepted` counts connections, `requests` keeps what arrived whole, `finished` counts behaviours that came to their
    own end: neither the client hung up nor was the server stopped.
    """

    def __init__(
        self, behaviour: Behaviour, *, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._behaviour = behaviour
        self._tls = tls
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, port), family=family, backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        self.finished = 0
        self.requests: list[bytes] = []
        self._arrived = threading.Condition()

    def url(self, host: str = "127.0.0.1", path: str = "/call") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def wait_for_requests(self, count: int) -> None:
        """Wait until so many requests arrived whole."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, HANGS_AFTER_SECONDS)

    def wait_for_hang_up(self) -> None:
        """Wait until the first connection is closed on this side."""
        _accepting, first, *_others = self._threads
        first.join(HANGS_AFTER_SECONDS)
        assert not first.is_alive()

    def __enter__(self) -> "FakePluginServer":
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Hang up on everybody and stop listening."""
        self._over.set()
        _hang_up(self._listener)
        for sock in self._open:
            _hang_up(sock)
        for thread in self._threads:
            thread.join(HANGS_AFTER_SECONDS)
        self._listener.close()

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._over.is_set():
                sock, _ = self._listener.accept()
                self.accepted += 1
                self._open.append(sock)
                self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), self._secured(sock) as ready:
            self._behaviour(Visit(ready, self._over, self._keep))
            self.finished += not self._over.is_set()

    def _keep(self, request: bytes) -> None:
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()

    @contextlib.contextmanager
    def _secured(self, sock: socket.socket) -> Iterator[socket.socket]:
        with sock:
            if not self._tls:
                yield sock
                return
            with self._tls.wrap_socket(sock, server_side=True) as secured:
                self._open.append(secured)
                yield secured


def _hang_up(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def make_certificate(folder: Path, *names: str, expired: bool = False) -> tuple[ssl.SSLContext, Path]:
    """Return a server context with a self-signed certificate for these names, and the file that makes it trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    end = now + datetime.timedelta(days=-1 if expired else 1)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "certificate.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, private)
    return context, chain


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
