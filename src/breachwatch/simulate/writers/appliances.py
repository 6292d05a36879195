"""What the firewall, the VPN gateway and the web server's access log write."""

from __future__ import annotations

import hashlib

from breachwatch.simulate import happenings as h
from breachwatch.simulate.inventory import PUBLIC_ADDRESS
from breachwatch.simulate.span import MILLISECOND, SECOND, Span
from breachwatch.simulate.writers.linux import netfilter
from breachwatch.simulate.writers.logfile import LogFile
from breachwatch.simulate.writers.syslog import MONTHS, WARNING, Message

_OPENVPN_PID = 918
_PLUGIN = "/usr/lib/openvpn/openvpn-plugin-auth-pam.so"


class Firewall:
    """netfilter's log in syslog lines, with the prefix that UFW gives."""

    def __init__(self, log: LogFile) -> None:
        self._file = log

    def packet(self, e: h.Packet) -> None:
        text = netfilter(e, PUBLIC_ADDRESS["fw01"], "eth0")
        self._file.add(e.at, Message("kern", "kernel", 0, text, WARNING), e.mark)


class VpnGateway:
    """OpenVPN 2.6 with client certificates and passwords (PAM plug-in), logging to syslog at verbosity 4."""

    def __init__(self, log: LogFile) -> None:
        self._file = log

    def _say(self, at: int, mark: str, text: str) -> None:
        self._file.add(at, Message("daemon", "ovpn-server", _OPENVPN_PID, text), mark)

    def _hello(self, at: int, mark: str, peer: str) -> int:
        sid = hashlib.sha256(f"{peer} {at}".encode()).hexdigest()
        self._say(at, mark, f"{peer} TLS: Initial packet from [AF_INET]{peer}, sid={sid[:8]} {sid[8:16]}")
        self._say(at + 210 * MILLISECOND, mark, f"{peer} peer info: IV_VER=2.6.12")
        self._say(at + 210 * MILLISECOND, mark, f"{peer} peer info: IV_PLAT=win")
        return at + 260 * MILLISECOND

    def probe(self, e: h.VpnProbe) -> None:
        peer = f"[AF_INET]{e.address}:{e.port}"
        self._say(e.at, e.mark, f"TLS Error: cannot locate HMAC in incoming packet from {peer}")

    def failure(self, e: h.VpnFailure) -> None:
        peer = f"{e.address}:{e.port}"
        at = self._hello(e.at, e.mark, peer)
        self._say(at, e.mark, f"AUTH-PAM: BACKGROUND: user '{e.user}' failed to authenticate: Authentication failure")
        at += 5 * MILLISECOND
        self._say(at, e.mark, f"{peer} PLUGIN_CALL: POST {_PLUGIN}/PLUGIN_AUTH_USER_PASS_VERIFY status=1")
        self._say(at, e.mark, f"{peer} TLS Auth Error: Auth Username/Password verification failed for peer")
        self._say(at + 40 * MILLISECOND, e.mark, f"{peer} Peer Connection Initiated with [AF_INET]{peer}")
        self._say(at + 900 * MILLISECOND, e.mark, f"{peer} SENT CONTROL [UNDEF]: 'AUTH_FAILED' (status=1)")
        self._say(at + 6 * SECOND, e.mark, f"{peer} SIGTERM[soft,delayed-exit] received, client-instance exiting")

    def session(self, e: h.VpnSession) -> None:
        peer = f"{e.address}:{e.port}"
        client = f"{e.user}/{peer}"
        at = self._hello(e.at, e.mark, peer)
        self._say(at, e.mark, f"{peer} PLUGIN_CALL: POST {_PLUGIN}/PLUGIN_AUTH_USER_PASS_VERIFY status=0")
        self._say(
            at, e.mark, f"{peer} TLS: Username/Password authentication succeeded for username '{e.user}' [CN SET]"
        )
        at += 60 * MILLISECOND
        self._say(at, e.mark, f"{peer} [{e.user}] Peer Connection Initiated with [AF_INET]{peer}")
        at += 20 * MILLISECOND
        self._say(at, e.mark, f"{client} MULTI_sva: pool returned IPv4={e.pool_address}, IPv6=(Not enabled)")
        self._say(at, e.mark, f"{client} MULTI: Learn: {e.pool_address} -> {client}")
        self._say(at, e.mark, f"{client} MULTI: primary virtual IP for {client}: {e.pool_address}")
        end = max(e.until, at + SECOND)
        if e.port % 4:
            self._say(end, e.mark, f"{client} SIGTERM[soft,remote-exit] received, client-instance exiting")
        else:
            self._say(end, e.mark, f"{client} [{e.user}] Inactivity timeout (--ping-restart), restarting")
            self._say(end, e.mark, f"{client} SIGUSR1[soft,ping-restart] received, client-instance restarting")


class WebServer:
    """An access log in the combined format, in local time with its offset."""

    def __init__(self, log: LogFile) -> None:
        self._file = log

    def request(self, e: h.WebRequest) -> None:
        self._file.add(e.at, e, e.mark)


class CombinedFormat:
    """Renders a request as Apache's `combined` log format does."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def __call__(self, at: int, e: h.WebRequest, number: int) -> bytes:  # noqa: ARG002  (the common signature)
        local = self._span.local(at)
        minutes = int(self._span.offset(at).total_seconds()) // 60
        zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
        stamp = f"{local.day:02d}/{MONTHS[local.month - 1]}/{local.year}:{local:%H:%M:%S} {zone}"
        return (
            f'{e.address} - {e.user} [{stamp}] "{e.method} {e.path} HTTP/1.1" {e.status} {e.size} '
            f'"{e.referrer}" "{e.agent}"'
        ).encode()
