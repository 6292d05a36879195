"""Installing, renewing and removing rule packs.

`prepare` looks at what is offered and says what it would change; `install` does it. Until then the workspace is as it
was.
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from breachwatch.detect.compiling import Compiler, RuleError
from breachwatch.detect.loading import read_archive
from breachwatch.detect.packs.comparing import Comparison, Side, compare
from breachwatch.detect.packs.manifest import (
    MANIFEST_NAME,
    NAME_PATTERN,
    PROBLEMS_KEPT,
    Former,
    Manifest,
    PackProblem,
    Selection,
    manifest_text,
    status_of,
)
from breachwatch.detect.packs.stored import FOLDER, Pack, PackFault, installed, pack_at
from breachwatch.detect.packs.taking import Taken, take
from breachwatch.detect.packs.version import of_newest, without_version
from breachwatch.detect.rulepack import Rule
from breachwatch.detect.starting import compiler_for, load_rules
from breachwatch.errors import BusyError, DataError, UnknownNameError, UsageError
from breachwatch.workspace import PRIVATE_DIR, Workspace

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person says of a pack; empty and None: what the pack itself, or its last version, says."""

    name: str = ""
    origin: str = ""
    licence: str = ""
    selection: dict[str, object] = field(default_factory=dict)  # keys of a Selection that were given


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pack that could be installed: what would be written, and what it would change."""

    manifest: Manifest
    taken: Taken
    former: Pack | None
    comparison: Comparison | None  # with the version that is installed
    problems: tuple[PackProblem, ...]  # all of them; the manifest names the first
    twice: tuple[str, ...]  # titles of selected rules whose id another rule of the workspace has

    @property
    def changes_nothing(self) -> bool:
        """Whether the same contents are installed already, under the same selection and statements."""
        if self.former is None:
            return False
        old, new = self.former.manifest, self.manifest
        said = ("sha256", "selection", "licence", "origin", "version")
        return all(getattr(old, key) == getattr(new, key) for key in said)


def tester(compiler: Compiler) -> Callable[[Rule], str]:
    """Says why a rule cannot run; empty where it can."""

    def problem(rule: Rule) -> str:
        try:
            if rule.is_correlation:
                compiler.correlation(rule)
            else:
                compiler.searches(rule)
        except (RuleError, ValueError) as error:
            return str(error)
        return ""

    return problem


def workspace_compiler(ws: Workspace) -> Compiler:
    """The compiler of the workspace's next run: its filters, its mappings, its cache."""
    return compiler_for(ws, load_rules(ws), ws.clock.now())[0]


@contextmanager
def prepare(ws: Workspace, place: Path, asked: Asked, progress: Progress) -> Iterator[Prepared]:
    """Look at a file, folder or zip of rules; what was copied for that is gone at the end unless it was installed.

    Raises UsageError, DataError where there is no rule in it, LimitError, EnvironmentFault.
    """
    name = _name(asked.name, place)
    former = _installed(ws, name)
    scratch = ws.scratch / f"pack-{uuid.uuid4().hex}.zip"
    try:
        taken = take(place, scratch)
        yield _prepared(ws, taken, former, replace(asked, name=name, origin=asked.origin or str(place)), progress)
    finally:
        scratch.unlink(missing_ok=True)


def install(ws: Workspace, prepared: Prepared) -> Pack:
    """Put a prepared pack into the workspace; the version before it stays beside it. Raises BusyError."""
    manifest, folder = prepared.manifest, ws.root / FOLDER / prepared.manifest.name
    with ws.lock("rules"):
        now = pack_at(folder)
        if now != prepared.former:
            msg = f"the pack {manifest.name!r} was changed meanwhile by somebody else. Look at the difference again."
            raise BusyError(msg)
        folder.mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
        prepared.taken.archive.chmod(0o400)
        prepared.taken.archive.replace(folder / manifest.archive)
        _write_manifest(folder, manifest)
    return Pack(folder, manifest)


def remove(ws: Workspace, name: str) -> None:
    """Delete a pack with all its versions. What its rules found stays, with the rules' text.

    Raises UnknownNameError.
    """
    folder = pack_folder(ws, name)
    with ws.lock("rules"):
        aside = ws.scratch / f"pack-{uuid.uuid4().hex}"
        folder.rename(aside)  # gone at once, whatever happens to the deleting
    shutil.rmtree(aside)


def pack_folder(ws: Workspace, name: str) -> Path:
    """The folder of an installed pack, even of one that cannot be used. Raises UnknownNameError."""
    known = [found.name if isinstance(found, Pack) else found.origin.split("/")[1] for found in installed(ws.root)]
    if name not in known:
        raise UnknownNameError("rule pack", name, known)
    return ws.root / FOLDER / name


def _prepared(ws: Workspace, taken: Taken, former: Pack | None, asked: Asked, progress: Progress) -> Prepared:
    old = former.manifest if former else None
    selection = Selection.model_validate({**(old.selection.model_dump() if old else {}), **asked.selection})
    texts = read_archive(taken.archive, asked.name)
    side = Side.of(f"{asked.name} (new)", texts, selection)
    if not side.rules.rules:
        first = next((f" The first of its problems: {item.reason}" for item in side.rules.problems), "")
        msg = f"there is no Sigma rule in {asked.origin} that can be read. Nothing was added.{first}"
        raise DataError(msg)
    running = load_rules(ws)
    compiler = compiler_for(ws, running, ws.clock.now())[0]
    test = tester(compiler)
    chosen = [rule for rule in side.rules.rules if rule.id in side.selected]
    problems = [PackProblem(origin=item.origin, reason=item.reason) for item in taken.problems]
    problems += [PackProblem.of(item) for item in side.rules.problems]
    for number, rule in enumerate(chosen, 1):
        reason = test(rule)
        if reason:
            problems.append(PackProblem(origin=rule.source.origin, reason=reason))
        progress("rules", number, len(chosen))
    comparison = None
    if former is not None and not former.fault():
        before = Side.of(
            f"{former.name} {former.manifest.version}",
            read_archive(former.archive, former.name),
            former.manifest.selection,
        )
        comparison = compare(before, side, test)
    compiler.save()
    others = {rule.id for rule in running.rules if rule.source.pack != asked.name}
    version = taken.version or of_newest((rule.head.said for rule in side.rules.rules), taken.sha256)
    manifest = Manifest(
        name=asked.name,
        origin=asked.origin,
        licence=asked.licence or taken.licence.name,
        licence_from="whoever added it" if asked.licence else taken.licence.read_from,
        version=version.name,
        version_from=version.read_from,
        sha256=taken.sha256,
        archive=_file_name(version.name, taken.archive_sha256),
        archive_sha256=taken.archive_sha256,
        added_at=ws.clock.now().replace(microsecond=0),
        rules=len(side.rules.rules),
        selected=len(chosen),
        filters=len(side.rules.filters),
        could_not_load=len(problems),
        by_status=_counts(status_of(rule.head.said) for rule in side.rules.rules),
        by_level=_counts(str(rule.level) for rule in side.rules.rules),
        by_product=_counts(product for rule in side.rules.rules for product in rule.products),
        selection=selection,
        problems=tuple(problems[:PROBLEMS_KEPT]),
        former=_formers(ws, old, taken),
    )
    twice = tuple(rule.title for rule in chosen if rule.id in others)
    return Prepared(manifest, taken, former, comparison, tuple(problems), twice)


def _file_name(version: str, sha256: str) -> str:
    return f"{re.sub('[^A-Za-z0-9.-]+', '-', version).strip('.-') or 'rules'}-{sha256[:12]}.zip"


def _formers(ws: Workspace, old: Manifest | None, taken: Taken) -> tuple[Former, ...]:
    if old is None or old.archive_sha256 == taken.archive_sha256:
        return old.former if old else ()
    ended = Former(
        version=old.version,
        sha256=old.sha256,
        archive=old.archive,
        archive_sha256=old.archive_sha256,
        added_at=old.added_at,
        replaced_at=ws.clock.now().replace(microsecond=0),
    )
    return (*old.former, ended)


def _counts(values: Iterator[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _name(given: str, place: Path) -> str:
    name = given or without_version(place.stem if place.suffix.lower() in {".zip", ".yml", ".yaml"} else place.name)
    if not given:
        name = re.sub(r"[^a-z0-9_.-]+", "-", name.lower()).strip("._-")[:50]
    if not re.fullmatch(NAME_PATTERN, name):
        hint = "Give one with --name" if not given else "Choose another"
        msg = f"{name!r} cannot name a pack. {hint}: lower-case letters, digits, '.', '_' and '-', at most 50."
        raise UsageError(msg)
    return name


def _installed(ws: Workspace, name: str) -> Pack | None:
    found = pack_at(ws.root / FOLDER / name)
    if isinstance(found, PackFault):
        msg = f"{found.origin}: {found.reason}. Mend it, or `breachwatch rules remove {name}` first."
        raise DataError(msg)
    return found


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    scratch = folder / f".{MANIFEST_NAME}.{uuid.uuid4().hex}"
    try:
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(manifest_text(manifest))
        scratch.replace(folder / MANIFEST_NAME)
    finally:
        scratch.unlink(missing_ok=True)
