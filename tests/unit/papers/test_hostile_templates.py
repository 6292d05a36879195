"""Templates that want more than to be filled in are refused with file, line and what to do; none runs anything."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breachwatch.errors import BreachwatchError, DataError
from breachwatch.papers import fill, load_template
from breachwatch.workspace import Workspace

AT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
Write = Callable[..., Workspace]

CODE = [
    ("{{ what_happened.__class__ }}", "only the rows of a loop have columns"),
    ("{{ what_happened['__class__'] }}", "reaching into a value"),
    ("{{ ''.__class__.__mro__ }}", "only the rows of a loop have columns"),
    ("{{ what_happened.upper() }}", "a call"),
    ("{{ range(10**9) }}", "a call"),
    ("{{ lipsum() }}", "a call"),
    ("{{ cycler.__init__.__globals__.os.popen('id').read() }}", "a call"),
    ("{{ self }}", "not declared"),
    ("{{ request }}", "not declared"),
    ("{{ what_hapened }}", "Did you mean 'what_happened'"),
    ("{{ 7 * 7 }}", "is not possible"),
    ("{{ 'x' * 999999999 }}", "is not possible"),
    ("{{ 'x' }}", "a value written in the template"),
    ("{{ what_happened ~ what_happened }}", "is not possible"),
    ("{{ what_happened | attr('x') }}", "no filter 'attr'"),
    ("{{ what_happened | safe }}", "no filter 'safe'"),
    ("{{ what_happened | upper(1) }}", "takes nothing in brackets"),
    ("{% include '/etc/passwd' %}", "another file"),
    ("{% import 'x' as y %}", "another file"),
    ("{% from 'x' import y %}", "another file"),
    ("{% extends 'x' %}", "another file"),
    ("{% set a = 1 %}", "an assignment"),
    ("{% macro a() %}\n{% endmacro %}", "a macro"),
    ("{% block a %}\n{% endblock %}", "'block' is not possible"),
    ("{% filter upper %}\n{% endfilter %}", "is not possible"),
    ("{% with a = 1 %}\n{% endwith %}", "is not possible"),
    ("{% for a in 'x' %}\n{% endfor %}", "a loop runs over a field"),
    ("{% for a in range(9) %}\n{% endfor %}", "a loop runs over a field"),
    ("{% for a, b in residents %}\n{% endfor %}", "no more"),
    ("{% for a in residents if a %}\n{% endfor %}", "no more"),
    ("{% for a in residents recursive %}\n{% endfor %}", "no more"),
    ("{% for what_happened in residents %}\n{% endfor %}", "is a field already"),
    ("{% for a in residents %}\n{{ a._secret }}\n{% endfor %}", "no column is named"),
    ("{% for a in residents %}\n{{ a.b.c }}\n{% endfor %}", "only the rows of a loop"),
    ("{% for a in residents %}\n{% for b in residents %}\n{% endfor %}\n{% endfor %}", "a loop within a loop"),
    ("{% if what_happened %}", "line 13: Unexpected end"),
    ("{% nonsense %}", "unknown tag"),
    ("text {% if what_happened %}\nx\n{% endif %}", "stands alone on its line"),
    ("{{ " + "(" * 5000 + ")" * 5000 + " }}", "goes on for"),
    ("{{ \ue000 }}", "is no letter"),
]


@pytest.mark.parametrize(("text", "words"), CODE, ids=range(len(CODE)))
def test_code_is_refused_with_its_line(write: Write, text: str, words: str) -> None:
    ws = write("fine\n" + text + "\n")
    with pytest.raises(DataError, match=words) as refused:
        load_template(ws, "tiny")
    assert "tiny.en.md, line 1" in str(refused.value)


HEADS = [
    ("no head", "line 1: a template begins with a line `---`"),
    ("---\ntitle: x\n", "has no end"),
    ("---\n- x\n---\n", "is a table of keys"),
    ("---\ntitle: x\naudience: aliens\n---\n", "audience, line 3: Input should be 'resident'"),
    ("---\naudience: inside\n---\n", "title: this is missing"),
    ("---\ntitle: x\naudience: inside\ncolour: red\n---\n", "colour, line 4: there is no such key"),
    ("---\ntitle: x\naudience: inside\naudience: public\n---\n", "line 4: the key 'audience' stands twice"),
    ("---\ntitle: &a x\naudience: *a\n---\n", "line 3: no aliases"),
    ("---\ntitle: !!python/object/apply:os.system [id]\naudience: inside\n---\n", "not valid YAML"),
    ("---\ntitle: [\n---\n", "not valid YAML"),
    ("---\ntitle: x\naudience: inside\nfields: {a: {b: {c: {d: e}}}}\n---\n", "nested deeper"),
    ("---\ntitle: x\naudience: inside\nfields:\n  Bad-Name: x\n---\n", "Bad-Name"),
    (
        "---\ntitle: x\naudience: inside\nfields:\n  what_hapened: x\n---\n",
        "line 5: nothing fills a field.*what_happened",
    ),
    ("---\ntitle: x\naudience: inside\nsize_points: 900\n---\n", "size_points, line 4"),
    ("---\ntitle: '{{ nothing }}'\naudience: inside\n---\n", "line 1: the field 'nothing' is not declared"),
    ("---\n" + "[" * 20000 + "\n---\n", "nested deeper|not valid"),
]


@pytest.mark.parametrize(("head", "words"), HEADS, ids=range(len(HEADS)))
def test_a_broken_head_is_refused_with_its_line(write: Write, head: str, words: str) -> None:
    ws = write("text\n", head=head)
    with pytest.raises(DataError, match=words):
        load_template(ws, "tiny")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("| a | b |\n|---|---|\n| 1 |\n", "2 columns in its first line and 1"),
        ("| a | b | c |\n| 1 | 2 | 3 |\n", "does not name its columns"),
        ("# One\n\n### Three\n", "Give it 2"),
        ("## Two\n", "Give it 1"),
    ],
)
def test_broken_blocks_are_refused(write: Write, text: str, words: str) -> None:
    ws = write(text)
    with pytest.raises(DataError, match=words):
        fill(ws, "tiny", {}, at=AT)


def test_files_that_are_no_templates(ws: Workspace, write: Write, tmp_path: Path) -> None:
    path = write("x").root / "templates" / "tiny.en.md"
    path.write_bytes(b"---\ntitle: \xff\n---\n")
    with pytest.raises(DataError, match="line 2: not UTF-8"):
        load_template(ws, "tiny")
    path.write_bytes(b"x" * 70_000)
    with pytest.raises(DataError, match="larger than 64 KiB"):
        load_template(ws, "tiny")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match="no plain file"):
        load_template(ws, "tiny")


def test_nesting_and_size_cost_little(write: Write) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match="nested too deep"):
        load_template(write("{% if what_happened %}\n" * 1200 + "{% endif %}\n" * 1200), "tiny")
    ws = write("{{ what_happened }}\n" * 3000)
    with pytest.raises(BreachwatchError, match="longer than"):
        fill(ws, "tiny", {"what_happened": "x" * 50_000}, at=AT)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.lists(
        st.sampled_from(
            [
                *(
                    "{{",
                    "}}",
                    "{%",
                    "%}",
                    "{#",
                    "#}",
                    " for a in residents ",
                    " endfor ",
                    " if ",
                    " endif ",
                    " else ",
                    "|",
                    "a",
                    ".",
                ),
                *(
                    "what_happened",
                    "\n",
                    "# ",
                    "- ",
                    "1. ",
                    "|---|",
                    "(",
                    ")",
                    "[",
                    "'",
                    "-",
                    " not ",
                    " raw ",
                    "____",
                    "\\",
                ),
            ]
        ),
        max_size=25,
    ).map("".join)
)
def test_any_text_is_a_template_or_refused(write: Write, text: str) -> None:
    ws = write(text)
    try:
        fill(ws, "tiny", {"what_happened": "x", "residents": [{"a": "b"}]}, at=AT)
    except BreachwatchError as refused:
        if "tiny.en.md" not in str(refused):
            raise
