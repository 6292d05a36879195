from __future__ import annotations

import json
import shutil
import struct
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import stamina

from breachwatch.collect import checkpoints, journal
from breachwatch.errors import EnvironmentFault

# A journalctl over a JSON list of [seconds, cursor, hex of the entry]; it takes the arguments that we use, no others.
FAKE = r"""#!{python} -S
import json, os, sys
state = json.load(open({state!r}))
known = {{"--no-pager", "--quiet", "--output=export", "--lines=0"}}
after, since, at = None, None, None
for argument in sys.argv[1:]:
    name, _, value = argument.partition("=")
    if name == "--after-cursor":
        after = value
    elif name == "--cursor":
        at = value
    elif name == "--since":
        since = int(value.removeprefix("@"))
    elif argument not in known:
        sys.exit("unknown argument " + argument)
if os.environ.get("LC_ALL") != "C":
    sys.exit("LC_ALL is not C")
sys.stderr.write(state["stderr"])
if state["fails"]:
    sys.exit(3)
if "--lines=0" in sys.argv:
    sys.exit(0)
order = lambda cursor: int(cursor.partition("i=")[2], 16)
if at is not None:  # the entry at the cursor, or the nearest one after it
    for time, cursor, entry in state["entries"]:
        if order(cursor) >= order(at):
            sys.stdout.buffer.write(bytes.fromhex(entry))
    sys.exit(0)
gone = after is not None and after not in [cursor for _, cursor, _ in state["entries"]]
if gone:
    state["entries"] = [item for item in state["entries"] if order(item[1]) > order(after)]
seen = after is None or gone
for time, cursor, entry in state["entries"]:
    if seen and (since is None or time >= since):
        sys.stdout.buffer.write(bytes.fromhex(entry))
    seen = seen or cursor == after
"""


class Journal:
    def __init__(self, folder: Path) -> None:
        self.state = folder / "journal.json"
        self.content: dict[str, object] = {"entries": [], "stderr": "", "fails": False}
        program = folder / "journalctl"
        program.write_text(FAKE.format(python=sys.executable, state=str(self.state)))
        program.chmod(0o755)
        self.save()

    def save(self, **changes: object) -> None:
        self.content |= changes
        self.state.write_text(json.dumps(self.content))

    def add(self, first: int, last: int, seconds: int = 1_795_000_000) -> bytes:
        entries = []
        for number in range(first, last + 1):
            value = b"binary\n\n__CURSOR=lie %d" % number
            entry = b"__CURSOR=s=1;i=%x\n__REALTIME_TIMESTAMP=%d\nMESSAGE\n" % (number, seconds * 10**6)
            entry += struct.pack("<Q", len(value)) + value + b"\n_PID=1\n\n"
            self.content["entries"].append([seconds, f"s=1;i={number:x}", entry.hex()])
            entries.append(entry)
        self.save()
        return b"".join(entries)


@pytest.fixture(autouse=True)
def _no_waits():
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture
def fake(tmp_path, monkeypatch) -> Journal:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return Journal(folder)


@pytest.fixture
def site(make_site, fake):
    return make_site(kind="journal", paths=(), format="auto")


def test_the_journal_is_read_on_from_the_last_cursor(site, fake):
    first = fake.add(1, 20)
    assert list(site.by_log().values()) == [first]
    assert site.collect().bytes == 0
    second = fake.add(21, 25)
    assert list(site.by_log().values()) == [first + second]
    _, last = site.stored()
    assert (last.first_record, last.start, last.format) == (21, len(first), "journald-export")
    assert last.file_sha256 is None
    assert last.sha256
    assert site.problems() == ()


def test_the_first_reading_goes_back_so_far_and_no_farther(site, fake):
    fake.add(1, 3, seconds=1_700_000_000)
    recent = fake.add(4, 6)
    assert list(site.by_log().values()) == [recent]


def test_an_empty_journal_is_fine(site):
    assert site.segments() == []
    assert site.problems() == ()


def test_segments_end_between_entries(make_site, fake):
    site = make_site("[limits]\nsegment_bytes = 65536\n", kind="journal", paths=(), format="auto")
    data = fake.add(1, 2000)
    assert list(site.by_log().values()) == [data]
    assert len(site.stored()) > 2
    assert all(site.bytes_of(segment).startswith(b"__CURSOR=s=1;i=") for segment in site.stored())


def test_a_killed_run_is_finished_with_the_same_bytes(site, fake, monkeypatch):
    data = fake.add(1, 20)
    with monkeypatch.context() as patch:
        patch.setattr("breachwatch.collect.cutting.mark_stored", _killed)
        with pytest.raises(KeyboardInterrupt):
            site.collect()
    more = fake.add(21, 22)
    assert list(site.by_log().values()) == [data + more]
    assert [segment.size for segment in site.stored()] == [len(data), len(more)]
    assert list(site.ws.scratch.iterdir()) == []


def test_entries_that_went_after_a_killed_run_are_said(site, fake, monkeypatch):
    fake.add(1, 20)
    with monkeypatch.context() as patch:
        patch.setattr("breachwatch.collect.cutting.mark_stored", _killed)
        with pytest.raises(KeyboardInterrupt):
            site.collect()
    fake.save(entries=[])
    data = fake.add(11, 30)
    assert list(site.by_log().values()) == [data]
    assert "other entries now" in site.problems()[0].what


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_failing_journalctl_is_explained(site, fake):
    fake.save(stderr="Failed to seek to cursor: Invalid argument\x1b[2J\n", fails=True)
    with pytest.raises(EnvironmentFault, match="exit code 3: Failed to seek") as caught:
        site.collect()
    assert "\x1b" not in str(caught.value)


def test_a_journal_that_may_not_be_read_is_said(site, fake):
    fake.add(1, 3)
    fake.save(stderr="Hint: You are currently not seeing messages from other users and the system.\n")
    assert len(site.segments()) == 1
    assert "systemd-journal" in site.lost()[0].what
    fake.save(stderr="No journal files were opened due to insufficient permissions.\n")
    site.collect()
    assert "permission denied" in site.lost()[0].what


def test_no_journal_and_no_journalctl_are_said(site, fake):
    fake.save(stderr="No journal files were found.\n")
    site.collect()
    assert "no journal files" in site.lost()[0].what
    (fake.state.parent / "journalctl").unlink()
    site.collect()
    assert "no program journalctl" in site.lost()[0].what
    site.collect(site.source.model_copy(update={"optional": True}))
    assert site.lost() == []


def test_a_journalctl_that_hangs_is_stopped_and_what_it_gave_is_kept(site, fake, monkeypatch):
    data = fake.add(1, 5)
    program = fake.state.parent / "journalctl"
    text = program.read_text().replace("import json, os, sys", "import json, os, sys, time as clock")
    program.write_text(
        text + "sys.stdout.flush()\nsys.stdout.buffer.write(b'__CURSOR=half')\nsys.stdout.flush()\nclock.sleep(60)\n"
    )
    monkeypatch.setattr(journal, "RUN_SECONDS", 1.5)
    assert list(site.by_log().values()) == [data]
    assert "was stopped after" in site.problems()[0].what


def test_a_cursor_that_was_vacuumed_is_said_and_reading_goes_on(site, fake):
    first = fake.add(1, 20)
    site.collect()
    assert site.problems() == ()
    kept = fake.add(21, 40)
    fake.save(entries=fake.content["entries"][30:])  # entries 1 to 30 were removed
    later = kept[kept.index(b"__CURSOR=s=1;i=1f\n") :]
    assert list(site.by_log().values()) == [first + later]
    fake.add(41, 41)
    site.collect()
    assert site.problems() == ()  # said once: the new cursor is there


def test_a_vacuumed_cursor_is_lost_data(site, fake):
    fake.add(1, 20)
    site.collect()
    fake.add(21, 40)
    fake.save(entries=fake.content["entries"][30:])
    site.collect()
    (said,) = site.lost()
    assert "collected last is gone" in said.what


def test_a_journalctl_that_is_killed_keeps_what_it_gave(site, fake):
    data = fake.add(1, 5)
    program = fake.state.parent / "journalctl"
    whole = program.read_text()
    die = "sys.stdout.buffer.write(b'__CURSOR=half')\nsys.stdout.flush()\nos.kill(os.getpid(), 9)\n"
    program.write_text(whole + die)
    assert list(site.by_log().values()) == [data]
    assert "exit code -9" in site.problems()[0].what
    program.write_text(whole)
    more = fake.add(6, 9)
    assert list(site.by_log().values()) == [data + more]
    assert site.problems() == ()


def test_a_journalctl_that_fails_once_is_asked_again(site, fake):
    data = fake.add(1, 5)
    program = fake.state.parent / "journalctl"
    flag = fake.state.parent / "failed"
    once = f"if not os.path.exists({str(flag)!r}):\n    open({str(flag)!r}, 'w')\n    sys.exit('busy')\n"
    program.write_text(program.read_text().replace("state = json", once + "state = json", 1))
    assert list(site.by_log().values()) == [data]
    assert flag.exists()
    assert site.problems() == ()


def test_max_minutes_bounds_the_reading(site, fake):
    data = fake.add(1, 5)
    program = fake.state.parent / "journalctl"
    text = program.read_text().replace("import json, os, sys", "import json, os, sys, time as clock")
    program.write_text(text + "sys.stdout.flush()\nclock.sleep(60)\n")
    site.source = site.source.model_copy(update={"max_minutes": 2 / 60})
    assert list(site.by_log().values()) == [data]
    assert "the next run goes on" in site.problems()[0].what


@pytest.mark.skipif(shutil.which("journalctl") is None, reason="no journalctl here")
def test_a_real_journalctl_goes_on_after_a_cursor_that_is_gone(make_site, shared_logs, tmp_path):
    import gzip

    packed = shared_logs / "journald" / "derived-from-elastic-auth" / "auth.journal.gz"
    (tmp_path / "auth.journal").write_bytes(gzip.decompress(packed.read_bytes()))
    site = make_site(kind="journal", paths=(str(tmp_path / "auth.journal"),), format="auto", since_hours=1_000_000.0)
    site.collect()
    (log,) = checkpoints.known_logs(site.ws, site.source.name).values()
    fields = dict(part.split("=", 1) for part in log.position.split(";"))
    # An entry a microsecond before the last, of which nobody knows: as if the last one had been removed.
    gone = ";".join(
        f"{k}={v}" for k, v in (fields | {"t": f"{int(fields['t'], 16) - 1:x}", "i": "1", "x": "1"}).items()
    )
    checkpoints.save_log(site.ws, replace(log, position=gone.replace(fields["s"], "0" * 32)))
    site.collect()
    assert "collected last is gone" in site.lost()[0].what


def test_a_journal_without_end_is_read_in_parts(make_site, fake):
    site = make_site("[limits]\nexpanded_bytes = 1048576\n", kind="journal", paths=(), format="auto")
    data = fake.add(1, 12_000)
    assert len(data) > 1_048_576
    for _ in range(3):
        site.collect()
    assert list(site.by_log().values()) == [data]


@pytest.mark.skipif(shutil.which("journalctl") is None, reason="no journalctl here")
def test_real_journal_files(make_site, shared_logs, tmp_path):
    import gzip

    packed = shared_logs / "journald" / "derived-from-elastic-auth" / "auth.journal.gz"
    (tmp_path / "auth.journal").write_bytes(gzip.decompress(packed.read_bytes()))
    site = make_site(kind="journal", paths=(str(tmp_path / "auth.journal"),), format="auto", since_hours=1_000_000.0)
    [segment] = site.segments()
    data = site.bytes_of(segment)
    assert data.count(b"__CURSOR=") == data.count(b"__REALTIME_TIMESTAMP=") > 2000
    assert site.collect().bytes == 0
    assert site.problems() == ()
