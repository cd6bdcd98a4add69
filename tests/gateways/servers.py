"""Small servers that misbehave on purpose, on this machine; certificates good and bad; a resolver that a test decides."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.gateways.outbound.client import Allowance

NAME = "ehr.example"
NOON = datetime.datetime(2026, 1, 1, 12)


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived: header names lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answering = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Server:
    port: int
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", scheme: str = "https") -> str:
        return f"{scheme}://{NAME}:{self.port}{path}"

    @property
    def here(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def allowed(self, ca_file: Path | None = None) -> Allowance:
        hosts = frozenset({f"{NAME}:{self.port}", f"127.0.0.1:{self.port}"})
        return Allowance(hosts, loopback_http=True, ca_file=str(ca_file) if ca_file else None)


def answer(body: bytes, *, status: int = 200, kind: str = "application/json", **headers: str) -> bytes:
    """A whole HTTP answer; header names are written with _ for -."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def always(raw: bytes) -> Answering:
    async def write(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    return write


@asynccontextmanager
async def serving(answering: Answering, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """The server for as long as the block runs; it answers each request of a connection in turn."""
    server = Server(0)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        with closing(writer), suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                seen = await _read(reader)
                server.seen.append(seen)
                await answering(seen, writer)
                await writer.drain()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


async def _read(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method, path, headers, body)


@dataclass(slots=True)
class Names:
    """A resolver: each look-up of a name takes its next answer, the last one for ever."""

    answers: dict[str, list[Sequence[str]]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host == "127.0.0.1":
            return [host]
        if host not in self.answers:
            raise OSError("no such name")
        known = self.answers[host]
        return known.pop(0) if len(known) > 1 else known[0]


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of one test; `ca_file` is what trusts it."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def in_folder(cls, folder: Path) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed("Test CA", key, key, "Test CA", authority=True)
        (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cls(folder, key, certificate)

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def server(self, name: str = NAME, *, expired: bool = False, self_signed: bool = False) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        signer, issuer = (key, name) if self_signed else (self.key, "Test CA")
        certificate = _signed(name, key, signer, issuer, expired=expired)
        file = self.folder / f"server-{certificate.serial_number}.pem"
        plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, *plain) + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: str,
    *,
    authority: bool = False,
    expired: bool = False,
) -> x509.Certificate:
    until = NOON.replace(year=2025 if expired else 2125)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOON.replace(year=2024))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name.replace(" ", "-"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
