"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "breachwatch"
MODULES = sorted(p for folder in ("src", "pipelines", "benchmarks") for p in (ROOT / folder).rglob("*.py"))
MAX_LINES = 500
MAX_FLOW_LINES = 100


def _tracked() -> list[Path]:
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_is_too_long_to_read_in_one_sitting() -> None:
    files = [*MODULES, *(ROOT / "tests").rglob("*.py")]
    long = {str(p.relative_to(ROOT)): n for p in files if (n := len(p.read_text().splitlines())) > MAX_LINES}
    assert not long


def test_flows_stay_thin() -> None:
    files = {p.name: p.read_text() for p in (ROOT / "pipelines").glob("*.py")}
    flows = {name: len(text.splitlines()) for name, text in files.items() if "@flow" in text}
    assert flows
    assert {name: n for name, n in flows.items() if n > MAX_FLOW_LINES} == {}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_init_holds_names_only(path: Path) -> None:
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.If)
    for node in ast.parse(path.read_text()).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_lazy = isinstance(node, ast.FunctionDef) and node.name == "__getattr__"
        assert is_docstring or is_lazy or isinstance(node, allowed), f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_exported_names_exist(path: Path) -> None:
    module = ".".join(("breachwatch", *path.relative_to(PACKAGE).parent.parts))
    names = getattr(__import__(module, fromlist=["__all__"]), "__all__", [])
    imported = __import__(module, fromlist=["*"])
    assert [name for name in names if not hasattr(imported, name)] == []


def test_imports_run_up_the_stages() -> None:
    # With its cache it misses an import that came since.
    code = "from importlinter.cli import lint_imports_command as check; check(['--no-cache'])"
    outcome = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_nothing_machine_specific_is_kept() -> None:
    machine = re.compile(rb"(?<![.\w])/(work|farm|root|home/[a-z]+)/")
    index = re.compile(rb"https?://[^\s\"]*(/simple|pypi|packages/)")
    # Log lines name the homes of the accounts in them.
    of_logs = [ROOT / name for name in ("tests", "detections", "src/breachwatch/simulate")]
    found = []
    for path in _tracked():
        content = path.read_bytes()
        if b"\0" in content[:1024] or path == Path(__file__):
            continue
        if not any(path.is_relative_to(folder) for folder in of_logs):
            found += [f"{path.relative_to(ROOT)}: {m.group()!r}" for m in machine.finditer(content)]
        if path.suffix in {".lock", ".toml", ".txt", ".cfg", ".yaml"}:
            found += [f"{path.relative_to(ROOT)}: {m.group()!r}" for m in index.finditer(content)]
    assert found == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_are_exact_and_hashed(name: str) -> None:
    text = (ROOT / name).read_text()
    requirements = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
    assert len(requirements) > 100
    assert [line for line in requirements if "==" not in line] == []
    assert text.count("\n    --hash=sha256:") >= len(requirements)


def test_locks_cover_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["pipelines"]]
    wanted += project["optional-dependencies"]["sigma-cli"]
    names = {re.split(r"[<>=!~\[;]", item)[0].strip().lower() for item in wanted}
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert names <= locked


def test_help_is_quick_because_heavy_libraries_stay_out() -> None:
    code = (
        "import sys\n"
        "from breachwatch.cli.app import main\n"
        "sys.argv = ['breachwatch', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'duckdb', 'pyarrow', 'pandas', 'sqlalchemy', 'sigma', 'prefect', 'alembic', 'evtx', 'altair'}\n"
        "sys.exit(','.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, f"imported for --help: {outcome.stderr}"
    assert "Usage" in outcome.stdout or "usage" in outcome.stdout
