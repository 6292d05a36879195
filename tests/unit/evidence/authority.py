"""A time stamp authority on loopback, made of `openssl ts` and a throw-away certificate authority."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

CONFIG = """\
[tsa]
default_tsa = local
[local]
serial = ./serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""
ROOT = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
SIGNER = (
    "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n"
)


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


class Papers:
    """Keys and certificates of an authority: root, intermediate, and a signer under each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for name in ("root", "between", "tsa"):
            openssl(folder, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
            openssl(
                folder,
                "req",
                "-new",
                "-key",
                f"{name}.key",
                "-subj",
                f"/CN={folder.name} {name}",
                "-out",
                f"{name}.csr",
            )
        (folder / "root.ext").write_text(ROOT)
        (folder / "tsa.ext").write_text(SIGNER)
        (folder / "tsa.cnf").write_text(CONFIG)
        (folder / "serial").write_text("01\n")
        self._sign("root", "root.ext", "root", "-signkey", "root.key")
        self._sign("between", "root.ext", "between", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial")
        self._sign("tsa", "tsa.ext", "tsa", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial")
        self._sign("tsa", "tsa.ext", "tsa-below", "-CA", "between.pem", "-CAkey", "between.key", "-CAcreateserial")
        # A certificate of the same root that is not for time stamping.
        (folder / "web.ext").write_text(SIGNER.replace("timeStamping", "serverAuth"))
        self._sign("tsa", "web.ext", "web", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial")

    def _sign(self, request: str, extensions: str, name: str, *more: str) -> None:
        openssl(
            self.folder, "x509", "-req", "-in", f"{request}.csr", "-days", "3650", "-extfile", extensions,
            "-out", f"{name}.pem", *more,
        )  # fmt: skip

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def answer(self, query: bytes, *more: str, signer: str = "tsa.pem") -> bytes:
        """What `openssl ts -reply` answers; `more` are options like -chain."""
        (self.folder / "query.tsq").write_bytes(query)
        openssl(
            self.folder, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-inkey", "tsa.key",
            "-signer", signer, "-out", "answer.tsr", *more,
        )  # fmt: skip
        return (self.folder / "answer.tsr").read_bytes()


@dataclass
class Authority:
    """Answers on a free port of 127.0.0.1. `reply` makes the answer's body; `serve` may take the request over."""

    papers: Papers
    reply: Callable[[bytes], bytes] = lambda _: b""
    serve: Callable[[BaseHTTPRequestHandler], None] | None = None
    asked: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        authority = self
        self.reply = self.papers.answer

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                authority.asked.append({key.lower(): value for key, value in self.headers.items()})
                if authority.serve is not None:
                    authority.serve(self)
                    return
                body = authority.reply(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/tsa"
        self._thread = Thread(target=self._server.serve_forever, args=[0.01], daemon=True)
        self._thread.start()

    def toml(self, **more: object) -> str:
        """The settings that name it."""
        keys = {"url": self.url, "ca_file": str(self.papers.root), **more}
        lines = [
            f"{key} = {value}" if isinstance(value, int | float) else f'{key} = "{value}"'
            for key, value in keys.items()
        ]
        return "[evidence.timestamp]\n" + "\n".join(lines) + "\n"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
