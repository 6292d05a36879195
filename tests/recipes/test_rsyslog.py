"""The shipped rsyslog configuration, run by a real rsyslogd on loopback, and read by the pipeline."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from breachwatch import lake, run
from breachwatch.workspace import Workspace

RECIPE = Path(__file__).resolve().parents[2] / "docs" / "recipes" / "rsyslog"
PATIENCE = 120.0  # seconds; a busy machine fails no test

rsyslogd = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
pytestmark = pytest.mark.skipif(rsyslogd is None, reason="rsyslogd is not installed (Debian package rsyslog)")


@dataclass(frozen=True)
class Server:
    """A running rsyslogd: its ports and the folder that it writes below."""

    udp: int
    tcp: int
    tls: int
    logs: Path

    def lines(self) -> list[str]:
        return [line for path in sorted(self.logs.rglob("*.log")) for line in _text(path).splitlines()]

    def wait_for(self, word: str) -> None:
        """Until a line with the word has been written."""
        until = time.monotonic() + PATIENCE
        while not any(word in line for line in self.lines()):
            assert time.monotonic() < until, self.lines()
            time.sleep(0.05)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _shipped(name: str, changes: dict[str, str]) -> str:
    """A shipped file with paths and ports of its own; every change must find what it changes."""
    text = (RECIPE / name).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def running(folder: Path, *, tls: Path | None = None) -> Iterator[Server]:
    assert rsyslogd is not None
    logs = folder / "logs"
    logs.mkdir()
    udp, tcp, secure = _free_port(socket.SOCK_DGRAM), _free_port(socket.SOCK_STREAM), _free_port(socket.SOCK_STREAM)
    config = _shipped(
        "breachwatch.conf",
        {
            "/srv/logs/syslog": str(logs),
            'type="imudp" address="0.0.0.0" port="514"': f'type="imudp" address="127.0.0.1" port="{udp}"',
            'type="imtcp" address="0.0.0.0" port="514"': f'type="imtcp" address="127.0.0.1" port="{tcp}"',
        },
    )
    if tls is not None:
        address = f'address="127.0.0.1" port="{secure}"'
        config += _shipped(
            "breachwatch-tls.conf", {"/etc/rsyslog-tls": str(tls), 'address="0.0.0.0" port="6514"': address}
        )
    path = folder / "rsyslog.conf"
    path.write_text(f'global(workDirectory="{folder}")\n{config}', encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "TZ": "America/Chicago"}
    checked = subprocess.run(
        [rsyslogd, "-N1", "-f", path], capture_output=True, text=True, env=environment, check=False
    )
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(
        [rsyslogd, "-n", "-f", path, "-i", folder / "rsyslogd.pid"], env=environment, stderr=subprocess.PIPE
    )
    try:
        _listening(tcp, process)
        yield Server(udp, tcp, secure, logs)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
        assert process.stderr is not None
        process.stderr.close()


def _listening(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None
        assert time.monotonic() < until
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def send_udp(server: Server, message: bytes, sender: str = "127.0.0.1") -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((sender, 0))
        udp.sendto(message, ("127.0.0.1", server.udp))


def send_tcp(port: int, *messages: bytes, sender: str = "127.0.0.1") -> None:
    with socket.create_connection(("127.0.0.1", port), source_address=(sender, 0)) as tcp:
        tcp.sendall(b"".join(b"%d %s" % (len(item), item) for item in messages))


def read(make_ws: Callable[..., Workspace], server: Server) -> tuple[list[tuple[object, ...]], int]:
    """What the pipeline reads of the files, and how many rejects there are."""
    ws = make_ws(f'[[sources]]\nname = "network"\npaths = ["{server.logs}/*/*.log*"]\nsettle_seconds = 0\n')
    report = run.ingest(ws, "network")
    assert not [item for item in report.problems if item.lost_data]
    with lake.connect(ws) as connection:
        found = connection.execute(
            "SELECT host, time, program, message FROM linux_auth UNION ALL SELECT host, time, program, message "
            "FROM linux_syslog ORDER BY ALL"
        ).fetchall()
    assert len(found) == report.rows
    return found, report.rejects


def test_every_message_is_read_with_its_host_and_time(tmp_path: Path, make_ws: Callable[..., Workspace]) -> None:
    with running(tmp_path) as server:
        send_udp(
            server, b"<38>1 2026-11-20T02:13:01.250000+01:00 web01 sshd 811 - - Failed password for root", "127.0.0.2"
        )
        send_tcp(server.tcp, b'<38>1 2026-11-20T02:13:02Z fw01 app 7 ID1 [a@1 b="c"] with data', sender="127.0.0.3")
        send_udp(server, b"<38>Nov 20 08:00:00 db01 app[3]: the old form in the server's zone")
        send_udp(server, b"<38>1 2026-11-20T02:13:05Z web02 app - - - the last one")
        for word in ("Failed password", "with data", "the old form", "the last one"):
            server.wait_for(word)
        found, rejects = read(make_ws, server)
        folders = sorted(path.name for path in server.logs.iterdir())
        modes = {path.stat().st_mode & 0o777 for path in server.logs.rglob("*.log")}
        names = {path.name for path in server.logs.rglob("*.log")}
    assert rejects == 0
    times = {str(row[0]): str(row[1])[5:] for row in found}
    assert times == {
        "db01": "11-20 14:00:00",  # 08:00 in Chicago; the year is the server's
        "fw01": "11-20 02:13:02",
        "web01": "11-20 01:13:01.250000",
        "web02": "11-20 02:13:05",
    }
    assert [(row[0], row[2]) for row in found] == [
        ("db01", "app"),
        ("fw01", "app"),
        ("web01", "sshd"),
        ("web02", "app"),
    ]
    assert folders == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert modes == {0o640}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d\.log", name) for name in names)


def test_hostile_messages_stay_one_line_each_and_in_their_folder(
    tmp_path: Path, make_ws: Callable[..., Workspace]
) -> None:
    head = b"<38>1 2026-11-20T02:13:01Z "
    hostile = [
        head + b"../../../etc app - - - 01 a path as host",
        head + b"web01 ../../x - - - 02 a path as program",
        head + b"web01 app - - - 03 a second\n<38>1 2026-11-20T02:13:01Z root sshd - - - forged",
        head + b"web01 app - - - 04 \x1b]0;owned\x07\x00\r end",
        head + b"web01 app - - - 05 %HOSTNAME% %$now% $(id) `id`",
        head + b"web01 app - - - 06 \xff\xfe no UTF-8",
        head + b"web01 app - - - 07 " + b"x" * 60_000,
        head + b'web01 app - - [x@1 y="]"] 08',
        b"<38>09 neither time nor host",
        b"<999999>10 no priority",
        b"11",
    ]
    with running(tmp_path) as server:
        send_tcp(server.tcp, *hostile)
        send_tcp(server.tcp, head + b"web01 app - - - zz the last one")
        server.wait_for("zz the last one")
        until = time.monotonic() + PATIENCE
        while len(server.lines()) < len(hostile) + 1 and time.monotonic() < until:
            time.sleep(0.05)
        found, rejects = read(make_ws, server)
        lines = server.lines()
        assert [path.name for path in server.logs.iterdir()] == ["127.0.0.1"]
    assert (len(lines), len(found), rejects) == (len(hostile) + 1, len(hostile) + 1, 0)
    assert not any(re.search(r"[\x00-\x08\x0b-\x1f]", line) for line in lines)
    assert {row[0] for row in found} >= {"web01"}
    assert "root" not in {row[0] for row in found}


def _certificate(
    name: str, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None, folder: Path
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(issuer[1] if issuer else key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.key").write_bytes(private)
    return certificate, key


@pytest.mark.skipif(
    not list(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")),
    reason="rsyslog cannot do TLS here (Debian package rsyslog-gnutls)",
)
def test_tls_takes_only_senders_that_the_ca_knows_and_the_settings_permit(
    tmp_path: Path, make_ws: Callable[..., Workspace]
) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    ca = _certificate("ca", None, folder)
    _certificate("server", ca, folder)
    _certificate("web01.logs.city.example", ca, folder)
    _certificate("web01.elsewhere.example", ca, folder)
    _certificate("stranger.logs.city.example", _certificate("other-ca", None, folder), folder)

    def send(port: int, name: str | None, word: str) -> None:
        context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        context.check_hostname = False
        if name is not None:
            context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
        message = f"<38>1 2026-11-20T02:13:01Z web01 app - - - {word}".encode()
        try:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain,
                context.wrap_socket(plain) as secure,
            ):
                secure.sendall(b"%d %s" % (len(message), message))
                secure.unwrap()
        except OSError:
            return  # refused, or the server hangs up at the end

    with running(tmp_path, tls=folder) as server:
        send(server.tls, "web01.elsewhere.example", "not permitted")
        send(server.tls, "stranger.logs.city.example", "another ca")
        send(server.tls, None, "no certificate")
        send(server.tls, "web01.logs.city.example", "permitted sender")
        server.wait_for("permitted sender")
        found, rejects = read(make_ws, server)
    assert ([row[3] for row in found], rejects) == (["permitted sender"], 0)


@pytest.mark.skipif(shutil.which("logrotate") is None, reason="logrotate is not installed (Debian package logrotate)")
def test_the_rotation_is_understood_by_logrotate(tmp_path: Path) -> None:
    config = tmp_path / "logrotate"
    config.write_text(_shipped("logrotate", {"/srv/logs/syslog": str(tmp_path / "logs")}))
    config.chmod(0o644)
    checked = subprocess.run(
        ["logrotate", "--debug", "--state", tmp_path / "state", config], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "error" not in checked.stderr
