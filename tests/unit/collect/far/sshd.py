"""A real OpenSSH server behind a relay on loopback that counts bytes, cuts connections and holds them up.

Every connection gets an `sshd -i` of its own, as from inetd: no port has to be known before and nothing stays running.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

_CONFIG = """\
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
LogLevel VERBOSE
Subsystem {subsystem} internal-sftp
"""


class Sshd:
    """`cut_after`: bytes to the client after which the next connections break, one number for each."""

    def __init__(self, folder: Path) -> None:
        if SSHD is None:
            pytest.skip("no sshd here: install the Debian package openssh-server")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd started by root separates privileges
        self.folder = folder
        folder.mkdir()
        self.new_host_key()
        self.client_key = self._key("client_key")
        self.authorize("client_key")
        self.offer("sftp")
        self.connections = 0
        self.sent = 0  # bytes to the client
        self.cut_after: list[int] = []
        self.mute = False  # take connections and answer nothing
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._children: list[subprocess.Popen[bytes]] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def new_host_key(self) -> None:
        for name in ("host_key", "host_key.pub"):
            (self.folder / name).unlink(missing_ok=True)
        self._key("host_key")

    @property
    def host_key(self) -> str:
        """Its public key, as a settings' host_key: type and base64."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    def known_hosts(self, path: Path) -> None:
        path.write_text(f"[127.0.0.1]:{self.port} {self.host_key}\n")

    def authorize(self, name: str) -> None:
        shutil.copy(self.folder / f"{name}.pub", self.folder / "authorized_keys")

    def offer(self, subsystem: str) -> None:
        (self.folder / "sshd_config").write_text(_CONFIG.format(folder=self.folder, subsystem=subsystem))

    def other_key(self) -> Path:
        return self._key("other_key")

    def settings(self, **more: object) -> dict[str, object]:
        """The table [sources.ssh] that reaches it."""
        user = pwd.getpwuid(os.geteuid()).pw_name
        return {
            "address": "127.0.0.1",
            "port": self.port,
            "user": user,
            "key_file": str(self.client_key),
            "host_key": self.host_key,
        } | more

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for end in self._open:
            end.close()
        for child in self._children:
            child.kill()
            child.wait(10)

    def _key(self, name: str) -> Path:
        path = self.folder / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)], check=True)
        return path

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(client)
            if self.mute:
                continue
            ours, theirs = socket.socketpair()
            self._open.append(ours)
            with theirs, (self.folder / "sshd.log").open("ab") as log:
                command = [str(SSHD), "-i", "-e", "-f", str(self.folder / "sshd_config")]
                self._children.append(subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=log))
            room = self.cut_after.pop(0) if self.cut_after else None
            threading.Thread(target=self._pump, args=(ours, client, room, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(client, ours, None, False), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, room: int | None, to_client: bool) -> None:
        try:
            while data := source.recv(65536):
                if room is not None:
                    data = data[:room]
                    room -= len(data)
                target.sendall(data)
                if to_client:
                    self.sent += len(data)
                if room == 0:
                    break
        except OSError:
            pass  # the other side went first
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
