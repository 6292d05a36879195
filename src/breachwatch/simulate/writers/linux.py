"""What a Linux host writes: sshd, sudo, su, cron, systemd, account tools; wording as of Debian 12."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from breachwatch.simulate import happenings as h
from breachwatch.simulate.inventory import Host
from breachwatch.simulate.span import MILLISECOND, SECOND
from breachwatch.simulate.writers.counters import Counters
from breachwatch.simulate.writers.logfile import LogFile
from breachwatch.simulate.writers.syslog import NOTICE, WARNING, Message

_LOGIND_PID = 611


class LinuxHost:
    """Writes to auth.log and syslog, or all to the journal where the host has one file for both."""

    def __init__(self, host: Host, uids: Mapping[str, int], auth: LogFile, rest: LogFile) -> None:
        self._host = host
        self._uids = uids
        self._auth = auth
        self._rest = rest
        self._count = Counters(host.name)

    def _log(self, at: int, mark: str, message: Message) -> None:
        (self._auth if message.facility in ("auth", "authpriv") else self._rest).add(at, message, mark)

    def _uid(self, user: str) -> int:
        return 0 if user == "root" else self._uids.get(user, 1099)

    def ssh_failure(self, e: h.SshFailure) -> None:
        pid, at, peer = self._count.pid(), e.at, f"{e.address} port {e.port}"

        def say(text: str) -> None:
            self._log(at, e.mark, Message("authpriv", "sshd", pid, text))

        shown = e.user if e.known else f"invalid user {e.user}"
        if not e.known:
            say(f"Invalid user {e.user} from {peer}")
        for number in range(1 if e.folded else e.tries):
            at += 40 * MILLISECOND
            if not e.known:
                say("pam_unix(sshd:auth): check pass; user unknown")
            say(self._pam_failure("sshd", "ssh", e.address, e.user if e.known else ""))
            at += 1900 * MILLISECOND + (e.port * 7919 + number * 104729) % 600 * MILLISECOND
            say(f"Failed password for {shown} from {peer} ssh2")
        if e.folded and e.tries > 1:
            at += (e.tries - 1) * 2 * SECOND
            say(f"message repeated {e.tries - 1} times: [ Failed password for {shown} from {peer} ssh2]")
        at += 300 * MILLISECOND
        state = "authenticating" if e.known else "invalid"
        if e.port % 3 and e.tries:
            say(f"Received disconnect from {peer}:11: Bye Bye [preauth]")
            say(f"Disconnected from {state} user {e.user} {peer} [preauth]")
        else:
            say(f"Connection closed by {state} user {e.user} {peer} [preauth]")

    def ssh_session(self, e: h.SshSession) -> None:
        pid, at, peer, uid = self._count.pid(), e.at, f"{e.address} port {e.port}", self._uid(e.user)
        session = self._count.session()

        def say(text: str, program: str = "sshd", number: int = pid) -> None:
            self._log(at, e.mark, Message("authpriv", program, number, text))

        for number in range(e.typos):
            if number == 0:
                say(self._pam_failure("sshd", "ssh", e.address, e.user))
            at += 2300 * MILLISECOND + (e.port * 7919 + number * 104729) % 3000 * MILLISECOND
            say(f"Failed password for {e.user} from {peer} ssh2")
        at += 1500 * MILLISECOND if e.typos else 0
        key = f": ED25519 SHA256:{_fingerprint(e.user)}" if e.method == "publickey" else ""
        say(f"Accepted {e.method} for {e.user} from {peer} ssh2{key}")
        at += 12 * MILLISECOND
        say(f"pam_unix(sshd:session): session opened for user {e.user}(uid={uid}) by (uid=0)")
        at += 9 * MILLISECOND
        say(f"New session {session} of user {e.user}.", "systemd-logind", _LOGIND_PID)
        at = max(e.until, at + SECOND)
        say(f"Received disconnect from {peer}:11: disconnected by user")
        say(f"Disconnected from user {e.user} {peer}")
        at += 7 * MILLISECOND
        say(f"pam_unix(sshd:session): session closed for user {e.user}")
        at += 15 * MILLISECOND
        say(f"Session {session} logged out. Waiting for processes to exit.", "systemd-logind", _LOGIND_PID)
        say(f"Removed session {session}.", "systemd-logind", _LOGIND_PID)

    def sudo(self, e: h.Sudo) -> None:
        at, uid, pid = e.at, self._uid(e.user), self._count.pid()
        where = f"TTY=pts/{uid % 4} ; PWD={e.directory or f'/home/{e.user}'}"

        def say(text: str, severity: int = NOTICE) -> None:
            self._log(at, e.mark, Message("authpriv", "sudo", pid, text, severity, uid, shows_pid=False))

        if e.typos:
            tty = f"/dev/pts/{uid % 4}"
            say(
                f"pam_unix(sudo:auth): authentication failure; logname={e.user} uid={uid} euid=0 tty={tty} "
                f"ruser={e.user} rhost=  user={e.user}"
            )
            at += (3 + e.typos * 3) * SECOND
        say(f"{e.user:>8} : {where} ; USER=root ; COMMAND={e.command}")
        at += 3 * MILLISECOND
        say(f"pam_unix(sudo:session): session opened for user root(uid=0) by {e.user}(uid={uid})")
        at += e.seconds * SECOND + e.at % 700 * MILLISECOND
        say("pam_unix(sudo:session): session closed for user root")

    def su(self, e: h.Su) -> None:
        at, uid, pid = e.at, self._uid(e.user), self._count.pid()
        tty = f"pts/{uid % 4}"

        def say(text: str) -> None:
            self._log(at, e.mark, Message("authpriv", "su", pid, text, NOTICE, uid))

        if not e.succeeds:
            say(
                f"pam_unix(su-l:auth): authentication failure; logname={e.user} uid={uid} euid=0 tty=/dev/{tty} "
                f"ruser={e.user} rhost=  user={e.to}"
            )
            at += 2 * SECOND
            say(f"FAILED SU (to {e.to}) {e.user} on {tty}")
            return
        say(f"(to {e.to}) {e.user} on {tty}")
        say(f"pam_unix(su-l:session): session opened for user {e.to}(uid={self._uid(e.to)}) by {e.user}(uid={uid})")
        at += e.seconds * SECOND
        say(f"pam_unix(su-l:session): session closed for user {e.to}")

    def cron_job(self, e: h.CronJob) -> None:
        pid, uid = self._count.pid(), self._uid(e.user)
        opened = f"pam_unix(cron:session): session opened for user {e.user}(uid={uid}) by (uid=0)"
        self._log(e.at, e.mark, Message("authpriv", "CRON", pid, opened))
        self._log(e.at + 4 * MILLISECOND, e.mark, Message("cron", "CRON", pid + 1, f"({e.user}) CMD ({e.command})"))
        closed = f"pam_unix(cron:session): session closed for user {e.user}"
        self._log(e.at + e.seconds * SECOND, e.mark, Message("authpriv", "CRON", pid, closed))

    def crontab_replaced(self, e: h.CrontabReplaced) -> None:
        text = f"({e.user}) REPLACE ({e.owner})"
        self._log(e.at, e.mark, Message("cron", "crontab", self._count.pid(), text))

    def account_added(self, e: h.LocalAccountAdded) -> None:
        pid = self._count.pid()
        if e.with_group:
            group = f"group added to /etc/group: name={e.user}, GID={e.uid}"
            self._log(e.at, e.mark, Message("authpriv", "useradd", pid, group))
            text = f"new group: name={e.user}, GID={e.uid}"
            self._log(e.at + 2 * MILLISECOND, e.mark, Message("authpriv", "useradd", pid, text))
        ids = f"UID={e.uid}, GID={e.uid}, home=/home/{e.user}"
        text = f"new user: name={e.user}, {ids}, shell={e.login_shell}, from=/dev/pts/0"
        self._log(e.at + 5 * MILLISECOND, e.mark, Message("authpriv", "useradd", pid, text))

    def group_added(self, e: h.LocalGroupAdded) -> None:
        pid = self._count.pid()
        for offset, text in (
            (0, f"group added to /etc/group: name={e.group}, GID={e.gid}"),
            (1, f"group added to /etc/gshadow: name={e.group}"),
            (2, f"new group: name={e.group}, GID={e.gid}"),
        ):
            self._log(e.at + offset * MILLISECOND, e.mark, Message("authpriv", "groupadd", pid, text))

    def group_joined(self, e: h.LocalGroupJoined) -> None:
        pid = self._count.pid()
        for offset, where in ((0, "group"), (2, "shadow group")):
            text = f"add '{e.user}' to {where} '{e.group}'"
            self._log(e.at + offset * MILLISECOND, e.mark, Message("authpriv", "usermod", pid, text))

    def password_set(self, e: h.LocalPasswordSet) -> None:
        text = f"pam_unix(passwd:chauthtok): password changed for {e.user}"
        self._log(e.at, e.mark, Message("authpriv", "passwd", self._count.pid(), text, NOTICE))

    def unit_run(self, e: h.UnitRun) -> None:
        self._log(e.at, e.mark, Message("daemon", "systemd", 1, f"Starting {e.unit} - {e.about}..."))
        at = e.at + e.seconds * SECOND
        self._log(at, e.mark, Message("daemon", "systemd", 1, f"{e.unit}: Deactivated successfully."))
        self._log(at + MILLISECOND, e.mark, Message("daemon", "systemd", 1, f"Finished {e.unit} - {e.about}."))

    def reboot(self, e: h.Reboot) -> None:
        up = e.at + e.seconds * SECOND
        self._log(e.at, e.mark, Message("daemon", "systemd", 1, "Reached target reboot.target - System Reboot."))
        self._log(
            e.at + 300 * MILLISECOND, e.mark, Message("authpriv", "systemd-logind", _LOGIND_PID, "System is rebooting.")
        )
        for offset, text in (
            (0, "[    0.000000] Linux version 6.1.0-26-amd64 (debian-kernel@lists.debian.org)"),
            (1, "[    0.000000] Command line: BOOT_IMAGE=/boot/vmlinuz-6.1.0-26-amd64 root=/dev/sda1 ro quiet"),
            (900, "[    0.912410] EXT4-fs (sda1): mounted filesystem with ordered data mode. Quota mode: none."),
        ):
            self._log(up + offset * MILLISECOND, e.mark, Message("kern", "kernel", 0, text, NOTICE))
        at = up + 6 * SECOND
        self._log(at, e.mark, Message("authpriv", "sshd", self._count.pid(), "Server listening on 0.0.0.0 port 22."))

    def packet(self, e: h.Packet) -> None:
        text = netfilter(e, self._host.address, "ens18")
        self._log(e.at, e.mark, Message("kern", "kernel", 0, text, WARNING))

    @staticmethod
    def _pam_failure(service: str, tty: str, address: str, user: str) -> str:
        known = f"  user={user}" if user else ""
        return (
            f"pam_unix({service}:auth): authentication failure; logname= uid=0 euid=0 tty={tty} ruser= "
            f"rhost={address}{known}"
        )


def netfilter(packet: h.Packet, mac_of: str, interface: str) -> str:
    """The kernel's line for a packet, as the LOG target writes it with UFW's prefix."""
    uptime = f"[{packet.at // SECOND % 9_000_000}.{packet.at % SECOND:06d}]"
    digest = hashlib.sha256(mac_of.encode()).hexdigest()
    mac = ":".join(digest[place : place + 2] for place in range(0, 28, 2))
    size = 40 + packet.source_port % 24
    way = f"IN= OUT={interface}" if packet.outgoing else f"IN={interface} OUT= MAC={mac}"
    ports = (
        f" SPT={packet.source_port} DPT={packet.destination_port}" if packet.protocol != "ICMP" else " TYPE=8 CODE=0"
    )
    tail = {"TCP": " WINDOW=1024 RES=0x00 SYN URGP=0", "UDP": f" LEN={size - 20}", "ICMP": " ID=1 SEQ=1"}
    return (
        f"{uptime} [UFW {packet.verdict}] {way} SRC={packet.source} DST={packet.destination} LEN={size} TOS=0x00 "
        f"PREC=0x00 TTL={44 + packet.source_port % 80} ID={packet.source_port} PROTO={packet.protocol}"
        f"{ports}{tail[packet.protocol]} "
    ).rstrip()


def _fingerprint(user: str) -> str:
    """A made-up key fingerprint of 43 characters, the same wherever the key is used."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    data = hashlib.sha256(f"key of {user}".encode()).digest() + hashlib.sha256(user.encode()).digest()
    return "".join(letters[byte % 64] for byte in data[:43])
