import datetime
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bodhi.core.errors import ApiModelUnusable, UpstreamTimeout, UpstreamUnreachable
from bodhi.relay.egress import Egress, EgressPolicy
from tests.relay.raw_server import OK, Peer, answering, fetch, new_client, serving

POLICY = EgressPolicy(private_networks=True)


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make a self-signed certificate, and the contexts of a server that has it and a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay tests")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    hosts: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host) for host in names
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain = folder / "chain.pem"
    chain.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain)
    return server, ssl.create_default_context(cafile=str(chain))


async def to_loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def test_tls_checks_the_name_and_serves(tmp_path: Path) -> None:
    server_side, client_side = certificate(tmp_path, "api.test", "127.0.0.1")
    egress = Egress(POLICY, resolver=to_loopback)
    body = b"y" * 500_000
    wire = b"HTTP/1.1 200 OK\r\ncontent-length: 500000\r\n\r\n"
    async with (
        serving(answering(wire + body), server_side) as server,
        new_client(egress=egress, ssl_context=client_side) as client,
    ):
        for host in ("api.test", "api.test.", "127.0.0.1"):
            for _ in range(2):
                assert (await fetch(client, server.request(host=host)))[2] == body
        assert (server.accepted, client.idle) == (3, 3)


async def test_certificate_for_another_name_is_named(tmp_path: Path) -> None:
    server_side, client_side = certificate(tmp_path, "other.test")
    egress = Egress(POLICY, resolver=to_loopback)
    async with (
        serving(answering(OK), server_side) as server,
        new_client(egress=egress, ssl_context=client_side) as client,
    ):
        with pytest.raises(UpstreamUnreachable, match=r"TLS certificate of api\.test:\d+ is not trusted.*mismatch"):
            await fetch(client, server.request(host="api.test"))
        assert client.in_use == 0


async def test_unknown_authority_is_named(tmp_path: Path) -> None:
    server_side, _ = certificate(tmp_path, "127.0.0.1")
    async with serving(answering(OK), server_side) as server, new_client() as client:
        with pytest.raises(UpstreamUnreachable, match="not trusted: self-signed certificate"):
            await fetch(client, server.request())
        assert client.in_use == 0


async def test_plain_server_behind_an_https_address_is_named() -> None:
    async def script(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad\r\n\r\n")
        await peer.gone()

    async with serving(script) as server, new_client() as client:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with pytest.raises(UpstreamUnreachable, match="does not speak TLS"):
            await fetch(client, server.request())
        assert client.in_use == 0


async def test_refused_connection_names_the_place() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with serving(answering(OK)) as server, new_client() as client:
        server.port = port
        with pytest.raises(
            UpstreamUnreachable, match=f"Network error: connection refused by 127.0.0.1:{port}"
        ) as caught:
            await fetch(client, server.request())
        assert "q=1" not in caught.value.message
        assert client.in_use == 0


async def test_handshake_that_hangs_ends_with_the_connect_deadline() -> None:
    async def script(peer: Peer) -> None:
        await peer.gone()

    async with serving(script) as server, new_client() as client:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with pytest.raises(UpstreamTimeout, match=r"longer than 0\.1 s"):
            await fetch(client, server.request(connect=0.1))
        assert client.in_use == 0


async def test_next_address_is_tried_when_one_refuses() -> None:
    async def two(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with serving(answering(OK)) as server, new_client(egress=Egress(POLICY, resolver=two)) as client:
        assert (await fetch(client, server.request(host="two.test")))[2] == b"ok"


async def test_forbidden_address_gets_no_connection() -> None:
    async with (
        serving(answering(OK)) as server,
        new_client(egress=Egress(EgressPolicy(private_networks=False))) as client,
    ):
        for host in ("127.0.0.1", "localhost", "127.1"):
            with pytest.raises(ApiModelUnusable):
                await fetch(client, server.request(host=host))
        assert (server.accepted, client.in_use) == (0, 0)
