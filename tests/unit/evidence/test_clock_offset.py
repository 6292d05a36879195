"""What the time services say about the machine's clock, in their own words."""

from __future__ import annotations

import pytest

from breachwatch.evidence.clock_offset import from_chrony, from_systemd, offset_now

CHRONY = """\
Reference ID    : CB00710A (ntp1.example.net)
Stratum         : 3
Ref time (UTC)  : Fri Nov 20 04:49:44 2026
System time     : 0.000006523 seconds slow of NTP time
Last offset     : -0.000006747 seconds
RMS offset      : 0.000035822 seconds
Root delay      : 0.013639022 seconds
Root dispersion : 0.001100737 seconds
Leap status     : Normal
"""
SYSTEMD = """\
ServerName=ntp.example.net
NTPMessage={ Leap=0, Version=4, Mode=4, Stratum=2, OriginateTimestamp=Fri 2026-11-20 10:00:00.100000 UTC, \
ReceiveTimestamp=Fri 2026-11-20 10:00:00.150000 UTC, TransmitTimestamp=Fri 2026-11-20 10:00:00.150000 UTC, \
DestinationTimestamp=Fri 2026-11-20 10:00:00.140000 UTC, Ignored=no }
"""


def test_chrony() -> None:
    told = from_chrony(CHRONY)
    assert told["offset_seconds"] == -0.000006523
    assert told["error_at_most_seconds"] == pytest.approx(0.000006523 + 0.006819511 + 0.001100737)
    assert from_chrony(CHRONY.replace("slow", "fast"))["offset_seconds"] == 0.000006523


def test_a_clock_in_step_with_nothing_has_no_offset() -> None:
    assert from_chrony(CHRONY.replace("Normal", "Not synchronised")) == {}
    assert from_chrony("506 Cannot talk to daemon") == {}
    assert from_systemd("ServerName=\nNTPMessage=\n") == {}


def test_systemd() -> None:
    # sent 10:00:00.10, received .15, answered .15, back .14: the clock is 30 ms behind
    assert from_systemd(SYSTEMD)["offset_seconds"] == pytest.approx(-0.03)


def test_whatever_this_machine_has_it_is_told() -> None:
    told = offset_now()
    assert told["measured"] is True or "chronyc" in told["why"]
