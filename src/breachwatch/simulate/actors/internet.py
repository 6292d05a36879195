"""The Internet: residents on the web site, and scanners that try every door. Its traffic grows with the scale."""

from __future__ import annotations

from collections.abc import Iterable

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import Happening, Packet, SshFailure, VpnProbe, WebRequest
from breachwatch.simulate.inventory import PUBLIC_ADDRESS
from breachwatch.simulate.span import HOUR, SECOND
from breachwatch.simulate.timeline import Hour, Hourly

_GUESSES: tuple[tuple[str, int], ...] = (
    *(("root", 8), ("admin", 8), ("user", 6), ("test", 7), ("ubuntu", 7), ("oracle", 5), ("postgres", 5)),
    *(("guest", 4), ("pi", 4), ("ftpuser", 4), ("deploy", 4), ("git", 3), ("nagios", 3), ("hadoop", 3), ("www", 3)),
    *(("mysql", 3), ("tomcat", 3), ("minecraft", 2), ("steam", 2), ("support", 3), ("es", 2), ("ansible", 2)),
)
_KNOWN = ("root",)
_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
)
_PAGES: tuple[tuple[str, int], ...] = (
    *(("/", 20), ("/permits", 12), ("/permits/status?id=%d", 10), ("/council/agenda", 8), ("/library/hours", 7)),
    *(("/water/pay", 9), ("/parks", 6), ("/jobs", 5), ("/contact", 5), ("/static/site.css", 14), ("/news/%d", 9)),
)
_PROBES = (
    "/wp-login.php",
    "/.env",
    "/.git/config",
    "/phpmyadmin/index.php",
    "/cgi-bin/luci/;stok=/locale",
    "/actuator/health",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
    "/boaform/admin/formLogin",
    "/xmlrpc.php",
    "/server-status",
)
_PROBERS = ("Mozilla/5.0 zgrab/0.x", "python-requests/2.32.3", "Go-http-client/1.1", "-", "curl/8.10.1")
# Visitors an hour, in tenths, over a day.
_RUSH = (4, 3, 2, 2, 2, 4, 8, 16, 28, 34, 36, 34, 30, 32, 34, 34, 30, 26, 22, 20, 18, 14, 10, 6)
_DOORS = (("TCP", 23), ("TCP", 445), ("TCP", 3389), ("TCP", 8080), ("UDP", 161), ("UDP", 5060), ("TCP", 5900))


def stranger(dice: Dice) -> str:
    """An address on the Internet that belongs to nobody in particular."""
    if dice.chance(80):
        return f"2001:db8:{dice.between(0x1000, 0xFFFF):x}::{dice.between(1, 0xFFFF):x}"
    return f"198.51.100.{dice.between(1, 254)}"


class _Scaled(Hourly):
    """Traffic whose amount grows with the scale."""

    def __init__(self, scale: float) -> None:
        self._thousandths = max(1, round(1000 * scale))

    def _count(self, dice: Dice, tenths: int) -> int:
        return dice.amount(tenths * self._thousandths // 10)


class SshScanners(_Scaled):
    """Visitors to sshd of one public host: each tries one or two passwords, then fail2ban shuts it out."""

    def __init__(self, host: str, scale: float) -> None:
        super().__init__(scale)
        self._host = host
        self.name = f"ssh-scanners/{host}"

    def hour(self, now: Hour) -> Iterable[Happening]:
        start, dice = now.start, now.dice
        for _ in range(self._count(dice, 140)):
            address, at = stranger(dice), start + dice.between(0, HOUR - 1)
            user = dice.weighted(_GUESSES)
            for _ in range(dice.between(1, 2)):
                if at < start + HOUR:
                    yield SshFailure(
                        at=at,
                        host=self._host,
                        user=user,
                        address=address,
                        port=dice.port(),
                        known=user in _KNOWN,
                        tries=1 if dice.chance(850) else 0,
                    )
                at += dice.between(3, 40) * SECOND


class Residents(_Scaled):
    """People who read the web site, sign in to the permit portal, and sometimes mistype."""

    name = "residents"

    def hour(self, now: Hour) -> Iterable[Happening]:
        start, dice = now.start, now.dice
        for _ in range(self._count(dice, 5 * _RUSH[now.of_day])):
            address, agent = stranger(dice), dice.pick(_BROWSERS)
            at, before = start + dice.between(0, HOUR - 1), "-"
            for _ in range(dice.between(2, 9)):
                path = dice.weighted(_PAGES)
                path = path % dice.between(1000, 9999) if "%d" in path else path
                status = dice.weighted(((200, 90), (304, 8), (404, 2)))
                size = 0 if status == 304 else dice.between(400, 60000)
                yield self._request(at, address, "GET", path, status, size, agent, before)
                before = f"https://www.portalder.example{path}"
                at = min(at + dice.between(1, 30) * SECOND, start + HOUR - 1)
            if dice.chance(100):
                if dice.chance(120):
                    yield self._request(at, address, "POST", "/permits/login", 401, 512, agent, before)
                yield self._request(at, address, "POST", "/permits/login", 302, 0, agent, before)

    @staticmethod
    def _request(
        at: int, address: str, method: str, path: str, status: int, size: int, agent: str, before: str
    ) -> WebRequest:
        return WebRequest(
            at=at,
            host="web01",
            address=address,
            method=method,
            path=path,
            status=status,
            size=size,
            agent=agent,
            referrer=before,
        )


class WebScanners(_Scaled):
    """Programs that look for holes in the web site and find none."""

    name = "web-scanners"

    def hour(self, now: Hour) -> Iterable[Happening]:
        start, dice = now.start, now.dice
        for _ in range(self._count(dice, 30)):
            address, agent = stranger(dice), dice.pick(_PROBERS)
            for at in dice.times(dice.between(1, 6), start, start + HOUR):
                yield WebRequest(
                    at=at,
                    host="web01",
                    address=address,
                    method="GET",
                    path=dice.pick(_PROBES),
                    status=dice.weighted(((404, 9), (403, 1))),
                    size=dice.between(150, 600),
                    agent=agent,
                )


class PortScanners(_Scaled):
    """Packets that the firewall, and a little behind it the bastion's own filter, turn away; some may reach the web."""

    name = "port-scanners"

    def hour(self, now: Hour) -> Iterable[Happening]:
        start, dice = now.start, now.dice
        for at in dice.times(self._count(dice, 700), start, start + HOUR):
            host = "bastion" if dice.chance(60) else "fw01"
            protocol, door = dice.pick(_DOORS)
            allowed = host == "fw01" and dice.chance(120)
            if allowed:
                protocol, door = "TCP", 443
            yield Packet(
                at=at,
                host=host,
                verdict="ALLOW" if allowed else "BLOCK",
                source=f"198.51.100.{dice.between(1, 254)}",
                destination=PUBLIC_ADDRESS["web01" if allowed else host],
                protocol=protocol,
                source_port=dice.between(1024, 65535),
                destination_port=door,
            )


class VpnProbes(_Scaled):
    """Strangers who knock at the VPN gateway."""

    name = "vpn-probes"

    def hour(self, now: Hour) -> Iterable[Happening]:
        for at in now.dice.times(self._count(now.dice, 20), now.start, now.start + HOUR):
            address = f"198.51.100.{now.dice.between(1, 254)}"
            yield VpnProbe(at=at, host="vpn01", address=address, port=now.dice.between(1024, 65535))
