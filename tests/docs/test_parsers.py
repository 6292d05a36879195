"""The worked example of docs/parsers.md works: the file alone makes its golden sample what the page says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from breachwatch.parse.programs import dispatch

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "parsers.md").read_text(encoding="utf-8")
_PARSE = """
import sys
from pathlib import Path
import breachwatch.parse.programs as programs
from tests.unit.parse.golden import became
assert "doorctl" in programs.PROGRAMS and programs.__file__.startswith(sys.argv[2]), programs.__file__
print("\\n".join(became(Path(sys.argv[1]))))
"""


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_one_file_is_all_that_a_program_needs(tmp_path: Path) -> None:
    package = tmp_path / "src" / "breachwatch"
    shutil.copytree(ROOT / "src" / "breachwatch", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "parse" / "programs" / "doorctl.py").write_text(block("python"), encoding="utf-8")
    sample = tmp_path / "syslog" / "doorctl.log"
    sample.parent.mkdir()
    sample.write_text(block("text"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _PARSE, str(sample), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{package.parent}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0] == json.loads(block("json"))
    assert [(event.get("outcome"), event.get("source_ip")) for event in events] == [
        ("success", "10.0.0.31"),
        ("failure", "10.0.0.31"),  # the name that the attacker put on the badge says otherwise
        (None, None),
    ]
    assert events[1]["user"] == "a accepted at door x (10.0.0.1)"


def test_what_the_page_names_is_there() -> None:
    for name in re.findall(r"`((?:src|tests|parse|model|collect|lake)/[\w/.]+\.py)`", PAGE):
        if "doorctl" not in name:
            assert (ROOT / name).is_file() or (ROOT / "src" / "breachwatch" / name).is_file(), name


def test_every_module_of_programs_is_found() -> None:
    folder = Path(dispatch.__file__).parent
    declaring = {
        path.stem for path in folder.glob("*.py") if re.search(r"^READERS", path.read_text("utf-8"), re.MULTILINE)
    }
    found = {reader.__module__.rsplit(".", 1)[-1] for reader in dispatch.PROGRAMS.values()}
    assert declaring <= found
