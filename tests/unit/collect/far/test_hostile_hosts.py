"""A host that was taken over answers SFTP as it likes: it steers no path, fills no disk, and ends no run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncssh
import pytest

from breachwatch.collect import ssh
from tests.unit.collect.conftest import lines

LOG = lines(50)


class Liar(asyncssh.SFTPServer):
    """Says what the test wants; has one honest file, auth.log."""

    names: tuple[bytes, ...] = (b"auth.log",)
    size = len(LOG)
    mtime = 1_790_000_000
    answer: Callable[[int, int], bytes] = staticmethod(lambda offset, size: LOG[offset : offset + size])
    endless = False

    async def scandir(self, path):
        for name in self.names:
            yield asyncssh.SFTPName(name, attrs=self._attributes())
        while self.endless:
            await asyncio.sleep(0)
            yield asyncssh.SFTPName(b"other" + bytes(200).replace(b"\0", b"x"), attrs=self._attributes())

    def stat(self, path):
        if b"*" in path:
            raise asyncssh.SFTPNoSuchFile("none")
        return self._attributes(0o040755 if path.endswith(b"/logs") else 0o100644)

    def lstat(self, path):
        return self.stat(path)

    def fstat(self, handle):
        return self._attributes()

    def open(self, path, pflags, attrs):
        assert pflags == asyncssh.FXF_READ
        return path

    def read(self, handle, offset, size):
        return type(self).answer(offset, size)

    def close(self, handle):
        pass

    def _attributes(self, mode=0o100644):
        return asyncssh.SFTPAttrs(permissions=mode, size=self.size, atime=self.mtime, mtime=self.mtime)


class _Anyone(asyncssh.SSHServer):
    def begin_auth(self, username):
        return False


@pytest.fixture
def liar(tmp_path: Path) -> Iterator[tuple[type[Liar], dict[str, object]]]:
    class Told(Liar):
        pass

    key = asyncssh.generate_private_key("ssh-ed25519")
    own = tmp_path / "own"
    own.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    own.chmod(0o600)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen("127.0.0.1", 0, server_host_keys=[key], server_factory=_Anyone, sftp_factory=Told)

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    settings = {
        "address": "127.0.0.1",
        "port": server.get_port(),
        "user": "logs",
        "key_file": str(own),
        "host_key": " ".join(key.export_public_key().decode().split()[:2]),
        "timeout_seconds": 2,
    }
    yield Told, settings

    async def stop() -> None:
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def site(make_site, liar):
    return make_site(kind="ssh", ssh=liar[1], paths=("/logs/auth*",))


def test_an_honest_answer_first(site):
    assert list(site.by_log().values()) == [LOG]


def test_names_that_lead_elsewhere_are_none(site, liar):
    told, _ = liar
    told.names = (b"auth/../../etc/shadow", b"/etc/auth", b"auth\0x", b"..", b".", b"", b"auth.log", b"auth.log")
    assert list(site.by_log().values()) == [LOG]
    assert [item.path.rpartition("/")[2] for item in site.stored()] == ["auth.log"]
    assert sorted(path.name for path in site.ws.scratch.iterdir()) == []


def test_a_folder_without_end_is_given_up(site, liar, monkeypatch):
    import stamina

    told, _ = liar
    told.endless = True
    with stamina.set_testing(True, attempts=1):
        site.collect()
    assert "no answer within 2 s" in site.lost()[0].what


def test_names_without_end_are_bounded(site, liar, monkeypatch):
    told, _ = liar
    monkeypatch.setattr(ssh, "MOST_PATHS", 20)
    monkeypatch.setattr("breachwatch.collect.paths.MOST_PATHS", 20)
    told.names = tuple(b"auth.%d" % number for number in range(1000))
    site.collect()
    assert site.last.files <= 21
    assert any("more than 20 files" in problem.what for problem in site.lost())


@pytest.mark.parametrize("size", [0, len(LOG) - 10, len(LOG) + 10_000, 2**40, 2**63])
def test_a_size_that_is_not_true(site, liar, size):
    told, _ = liar
    told.size = size
    site.collect()
    assert LOG.startswith(b"".join(map(site.bytes_of, site.stored())))
    assert bool(site.lost()) == (size > len(LOG))


def test_a_file_that_says_it_is_huge_and_packed_is_not_fetched(site, liar):
    told, _ = liar
    told.size = 2**50
    asked = []
    told.answer = staticmethod(lambda offset, size: (asked.append(size), b"\x1f\x8b\x08" + bytes(size))[1][:size])
    site.collect()
    assert "would have to be fetched whole" in site.lost()[0].what
    assert sum(asked) < 100_000


def test_more_bytes_than_were_asked_for(site, liar):
    told, _ = liar
    told.answer = staticmethod(lambda offset, size: LOG[offset : offset + size] + b"more\n" * 100)
    site.collect()
    assert b"".join(map(site.bytes_of, site.stored())) in (LOG, b"")


@pytest.mark.parametrize("mtime", [0, 2**32 - 1])
def test_times_beyond_reason(site, liar, mtime):
    told, _ = liar
    told.mtime = mtime
    assert list(site.by_log().values()) == [LOG]


def test_errors_in_its_own_words_steer_no_terminal(site, liar):
    told, _ = liar

    def answer(offset, size):
        raise asyncssh.SFTPFailure("\x1b[2Jowned\u202e" + "x" * 10_000)

    told.answer = staticmethod(answer)
    site.collect()
    said = site.lost()[0].what
    assert said.isprintable()
    assert len(said) < 600
