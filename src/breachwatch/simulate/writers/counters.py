"""Numbers that hosts count: process ids, sessions, Windows logon ids."""

from __future__ import annotations

_PID_MAX = 4_194_304  # kernel.pid_max on 64-bit Linux


class Counters:
    """The counters of one host. They run with the order of all that happens on it, as real ones do."""

    def __init__(self, host: str) -> None:
        seed = sum(ord(letter) * (place + 7) for place, letter in enumerate(host))
        self._pid = 1000 + seed
        self._session = 20 + seed % 50
        self._logon = 0x3E7000 + seed * 977

    def pid(self) -> int:
        self._pid += 1 + (self._pid >> 3) % 5
        if self._pid >= _PID_MAX:
            self._pid = 1000
        return self._pid

    def session(self) -> int:
        self._session += 1
        return self._session

    def logon_id(self) -> str:
        self._logon += 0x13D + (self._logon >> 4) % 0x2F1
        return f"0x{self._logon:x}"
