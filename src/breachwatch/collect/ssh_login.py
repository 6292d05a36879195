"""Logging in on another host over SSH: the host's key must be known, ours is a key without a passphrase.

OpenSSH's own configuration files and agents are not consulted: what the settings say is all that counts.
"""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import asyncssh

from breachwatch.collect.paths import shown
from breachwatch.collect.places import LostError, RefusedError
from breachwatch.settings_ssh import Ssh


class _Host(asyncssh.SSHClient):
    """Notes the key of a host that is not known."""

    key: asyncssh.SSHKey | None = None
    peer = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        self.key, self.peer = key, addr
        return False


async def log_in(
    settings: Ssh, name: str, key_file: Path, known_hosts: Path
) -> tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]:
    """Connect to the host that messages call `name`. Raises RefusedError, with words that say what to do; LostError."""
    key = _own_key(key_file)
    known = _known_keys(settings, known_hosts)
    host = _Host()
    try:
        async with asyncio.timeout(settings.timeout_seconds):
            connection = await asyncssh.connect(
                settings.address,
                settings.port,
                username=settings.user,
                client_factory=lambda: host,
                client_keys=[key],
                known_hosts=known,
                preferred_auth=("publickey",),
                agent_path=None,
                config=None,
            )
            try:
                # Names on the host may be any bytes: they come and go unchanged.
                return connection, await connection.start_sftp_client(path_errors="surrogateescape")
            except BaseException:
                connection.abort()
                raise
    except asyncssh.HostKeyNotVerifiable as error:
        raise RefusedError(_unproven(settings, name, known_hosts, known, host, shown(str(error))[:200])) from None
    except asyncssh.PermissionDenied:
        advice = f"Put the public key that belongs to {key_file} into ~{settings.user}/.ssh/authorized_keys there"
        raise RefusedError(f"{name}: it refuses our key. {advice}; its log says why it refuses.") from None
    except asyncssh.KeyExchangeFailed as error:
        what = f"{name}: no cipher or kind of host key suits both sides ({shown(str(error))[:200]})"
        where = "ssh.host_key" if settings.host_key else str(known_hosts)
        raise RefusedError(f"{what}. Does {where} hold another kind of key than the host has now?") from None
    except asyncssh.ChannelOpenError:
        what = f"{name}: it lets us in but offers no SFTP"
        raise RefusedError(f"{what}. Let its sshd_config say: Subsystem sftp internal-sftp") from None
    except TimeoutError:
        raise LostError(f"{name}: no answer within {settings.timeout_seconds:.0f} s") from None
    except (asyncssh.Error, OSError) as error:
        raise LostError(f"{name}: cannot connect ({shown(str(error))[:200]})") from None


def offered_key(settings: Ssh, seconds: float) -> tuple[str, str]:
    """The key that a host shows: as `ssh.host_key` has it, and as kind and fingerprint for people to compare.

    Nothing is proven by it. Raises LostError where the host shows none.
    """

    async def asked() -> asyncssh.SSHKey | None:
        async with asyncio.timeout(seconds):
            return await asyncssh.get_server_host_key(settings.address, settings.port, config=None)

    try:
        key = asyncio.run(asked())
    except TimeoutError:
        raise LostError(f"no answer within {seconds:.0f} s") from None
    except (asyncssh.Error, OSError) as error:
        raise LostError(shown(str(error))[:200]) from None
    if key is None:
        raise LostError("it sends none")
    return " ".join(key.export_public_key("openssh").decode("ascii").split()[:2]), _key_words(key)


def _own_key(path: Path) -> asyncssh.SSHKey:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            what = f"ssh.key_file: others than its owner may use {path}"
            raise RefusedError(f"{what}. Type: chmod 600 {path}")
        return asyncssh.read_private_key(path)
    except OSError as error:
        raise RefusedError(f"ssh.key_file: cannot read {path}: {error.strerror}.") from None
    except (asyncssh.KeyEncryptionError, asyncssh.KeyImportError) as error:
        if "passphrase" not in str(error).lower():
            raise RefusedError(f"ssh.key_file: {path} is no private key that can be read.") from None
        what = f"ssh.key_file: {path} has a passphrase, which nobody types at night"
        raise RefusedError(f"{what}. Make a key for this purpose only: ssh-keygen -t ed25519 -N '' -f FILE") from None


def _known_keys(settings: Ssh, path: Path) -> bytes:
    """The keys that may be the host's, in the form of known_hosts."""
    if settings.host_key:
        known, where = f"* {settings.host_key}\n".encode(), "ssh.host_key"
    else:
        where = f"ssh.known_hosts: {path}"
        try:
            known = path.read_bytes()
        except OSError as error:
            what = f"ssh.known_hosts: cannot read {path}: {error.strerror}"
            raise RefusedError(f"{what}. It has to list the host's key; docs/administrator.md says how.") from None
    try:
        asyncssh.import_known_hosts(known.decode())
        if settings.host_key:
            asyncssh.import_public_key(settings.host_key)
    except (ValueError, asyncssh.KeyImportError):
        raise RefusedError(f"{where} is not in the form that sshd(8) describes.") from None
    return known


def _unproven(settings: Ssh, name: str, known_hosts: Path, keys: bytes, host: _Host, error: str) -> str:
    """What to say where the host does not prove to be the one that is known."""
    if host.key is None:
        return f"{name}: its host key is not accepted ({error}), so nothing was asked of it."
    address, port = settings.address, settings.port
    offered = _key_words(host.key)
    known = asyncssh.match_known_hosts(keys, address, host.peer, port)[0]
    compare = "Compare it with what `ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub` prints on that host itself"
    scan = f"`ssh-keyscan -p {port} {address} >> {known_hosts}`"
    if not known:
        what = f"{name}: its host key is not in {known_hosts}, so nothing was asked of it. It shows {offered}"
        return f"{what}. {compare} (or its other ssh_host_*_key.pub); only if it is the same, type {scan}."
    before = ", ".join(_key_words(key) for key in known)
    what = f"{name}: its host key has changed, so nothing was asked of it: another machine may pose as it"
    what = f"{what}. It shows {offered}; known is {before}. Ask who looks after it. {compare}; only if it is the same,"
    if settings.host_key:
        return f"{what} put the new key into ssh.host_key."
    entry = address if port == 22 else f"[{address}]:{port}"
    return f"{what} type `ssh-keygen -R '{entry}' -f {known_hosts}` and {scan}."


def _key_words(key: asyncssh.SSHKey) -> str:
    return f"{key.get_algorithm()} {key.get_fingerprint()}"
