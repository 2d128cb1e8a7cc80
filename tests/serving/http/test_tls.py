"""TLS by configuration: keys do not cross the network in the clear."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sevenfold.serving.replay.client import Target
from sevenfold.serving.replay.run import Call, Pace, replay
from sevenfold.serving.replay.tally import Tally

from .conftest import opened


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = tmp_path / "certificate.pem", tmp_path / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return public, private


def test_the_service_speaks_tls_and_nothing_else(files: tuple[Path, Path], tmp_path: Path) -> None:
    process = Path(__file__).parent / "http_process.py"
    words = [str(process), str(tmp_path / "home"), "5", *map(str, files)]
    door = opened(words, tmp_path / "home", tmp_path / "log")
    with door.process:
        assert door.url.startswith("https://127.0.0.1:")
        row = {"payment_id": "t", "occurred_at": 1, "card": "c", "merchant": "m", "amount": 1}
        tally = Tally(1)
        target = Target.of(door.url, door.key, str(files[0]))
        asyncio.run(
            replay([Call("/v1/decisions", json.dumps(row).encode(), 1.0)], target, Pace(10, 1), tally)
        )
        assert tally.summary()["statuses"] == {"200": 1}
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(
                socket.create_connection(door.address), server_hostname="127.0.0.1"
            )
        with socket.create_connection(door.address, timeout=30) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            try:
                assert not plain.recv(1000).startswith(b"HTTP/1.1 200")
            except ConnectionResetError:
                assert door.process.poll() is None
        assert door.stop() == 0
