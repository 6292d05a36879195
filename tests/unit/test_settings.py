"""Settings: defaults, the template, errors that say what to mend, the environment, secrets."""

from __future__ import annotations

import json
import os
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from breachwatch.errors import SettingsError, UnknownNameError
from breachwatch.settings import Settings
from breachwatch.settings_api import TABLES, CloudTrail, Entra, GoogleWorkspace, Microsoft365, Okta
from breachwatch.settings_contacts import Contact
from breachwatch.settings_file import load_settings, parse_settings
from breachwatch.settings_objects import Objects
from breachwatch.settings_people import PersonOfCity
from breachwatch.settings_sources import Source
from breachwatch.settings_ssh import Ssh

WHERE = Path("breachwatch.toml")
TEMPLATE = (files("breachwatch") / "settings_template.toml").read_text(encoding="utf-8")
SECRET = "postgresql://city:hunter2@db/records"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BREACHWATCH_")]:
        monkeypatch.delenv(name)


def parsed(text: str = "") -> Settings:
    return parse_settings(text, WHERE)


def refusal(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parsed(text)
    return str(caught.value)


def test_an_empty_file_gives_the_defaults() -> None:
    assert parsed() == Settings()


def test_the_template_loads_and_changes_nothing() -> None:
    assert parsed(TEMPLATE) == Settings()


def _taken_up(template: str) -> str:
    """The template with every key in effect, up to where it describes sources."""
    head, _, rest = template.partition("# Sources: one [[sources]]")
    example = rest.partition("# With all that may be left out:")[2]
    return re.sub(r"^# (?=\w+ = |\[\[sources)", "", head + example, flags=re.MULTILINE)


def test_the_template_names_every_default_as_it_is() -> None:
    settings = parsed(_taken_up(TEMPLATE))
    assert settings.model_copy(update={"sources": ()}) == Settings()
    assert settings.sources == (Source(name="vpn01-auth", paths=("/srv/logs/vpn01/auth.log*",)),)


_TABLES_ALONE = {"people": (PersonOfCity, "# Contacts"), "contacts": (Contact, "# Sources")}


def test_the_template_explains_every_key() -> None:
    written = tomllib.loads(_taken_up(TEMPLATE))
    lines = TEMPLATE.splitlines()
    for section, field in Settings.model_fields.items():
        if section in _TABLES_ALONE:
            kind, after = _TABLES_ALONE[section]
            told = TEMPLATE.partition(f"# [[{section}]]")[2].partition(after)[0]
            assert re.findall(r"^# (\w+) +\S.{5}", told, re.MULTILINE) == list(kind.model_fields)
            continue
        model = Source if section == "sources" else field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        keys = written["sources"][0] if section == "sources" else written[section]
        tables = (
            {"ssh", "objects", *TABLES.values()}
            if section == "sources"
            else {"store", "timestamp", "ledger", "verify", "channels"}
        )
        assert set(keys) == set(model.model_fields) - tables, section
        if section == "sources":
            assert [key for key in keys if not re.search(rf"^# {key} +\S.{{5}}", TEMPLATE, re.MULTILINE)] == []
            continue
        for key in keys:
            at = next(
                n for n, line in enumerate(lines) if re.match(rf"(# )?{key} = ", line) and _section(lines, n) == section
            )
            about = next(line for line in reversed(lines[:at]) if not re.match(r"# \w+ = ", line))
            assert re.match(r"# \S.{8}", about), f"{section}.{key} has no comment above it"


def test_the_template_explains_the_tables_of_kinds_of_sources() -> None:
    for table in (Ssh, Objects, Entra, Microsoft365, Okta, GoogleWorkspace, CloudTrail):
        assert [
            key for key in table.model_fields if not re.search(rf"^# {key} +\S.{{5}}", TEMPLATE, re.MULTILINE)
        ] == []


def _section(lines: list[str], at: int) -> str:
    return next(line.strip("[]") for line in reversed(lines[:at]) if re.fullmatch(r"\[\w+\]", line))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[city]\ntimezone = 'UTC'", ["city.timezone", "no such key", "did you mean time_zone"]),
        ("[citty]\n", ["citty", "did you mean city"]),
        ("[city]\ntime_zone = 'Texas'", ["city.time_zone", "'Texas'", "IANA"]),
        ("city = 3", ["city", "must be a section", "[city]"]),
        ("[run]\nparallel_sources = 0", ["run.parallel_sources", "greater than or equal to 1", "it is 0"]),
        ("[run]\nparallel_sources = 'many'", ["run.parallel_sources", "valid integer", "'many'"]),
        ("[run]\nschedule = '30 2 * * *'", ["run.schedule", "clock changes", "3 o'clock"]),
        ("[run]\nschedule = 'nightly'", ["run.schedule", "15 4 * * *"]),
        ("[evidence.verify]\nschedule = 'weekly'", ["evidence.verify.schedule", "30 12 * * 0"]),
        ("[evidence.verify]\nschedule = '60 12 * * 0'", ["evidence.verify.schedule", "30 12 * * 0"]),
        ("[evidence.verify]\nschedule = '30 1 * * 0'", ["evidence.verify.schedule", "3 o'clock"]),
        ("[detect]\nworking_hours = [20, 6]", ["detect.working_hours", "from < to"]),
        ("[detect]\nworking_days = [0]", ["detect.working_days", "1 (Monday)"]),
        ("[detect]\nminimum_level = 'severe'", ["detect.minimum_level", "severe", "critical"]),
        ("[incidents]\nminimum_level = 'severe'", ["incidents.minimum_level", "severe"]),
        ("[[sources]]\npaths = ['/x']", ["sources.0.name", "is missing"]),
        ("[[sources]]\nname = 'Mail 01'\npaths = ['/x']", ["sources.0.name", "lower-case", "'Mail 01'"]),
        ("[[sources]]\nname = 'a'", ["source 'a'", "needs paths"]),
        ("[[sources]]\nname = 'a'\npath = '/x'", ["sources.0.path", "did you mean paths"]),
        ("[[sources]]\nname = 'a'\npaths = ['/x']\nformat = 'sislog'", ["sources.0.format", "syslog"]),
        ("[[sources]]\nname = 'a'\npaths = ['/x']\n" * 2, ["two sources are named 'a'"]),
        ("[[sources]]\nname = 'a'\nkind = 'okta'", ["source 'a'", "[sources.okta]"]),
        (
            "[[sources]]\nname = 'a'\npaths = ['/x']\n[sources.okta]\nurl = 'https://a.okta.com'",
            ["[sources.okta]", "kind"],
        ),
        ("[[sources]]\nname = 'a'\nkind = 'okta'\n[sources.okta]\nurl = 'http://a.okta.com'", ["url", "https://"]),
        ("[city\n", ["not valid TOML", "line 1"]),
        ("[city]\nname = Odessa", ["not valid TOML", "needs quotes"]),
    ],
)
def test_an_error_names_the_key_the_value_and_the_fix(text: str, said: list[str]) -> None:
    message = refusal(text)
    assert [word for word in said if word not in message] == []
    assert message.startswith(str(WHERE))


def test_all_errors_are_told_at_once() -> None:
    message = refusal("[city]\nnam = 'x'\n[run]\nparallel_sources = 0")
    assert "2 setting(s)" in message
    assert "city.nam" in message
    assert "run.parallel_sources" in message


def test_a_long_value_is_cut() -> None:
    assert len(refusal(f"[city]\ntime_zone = '{'x' * 5000}'").splitlines()[1]) < 5300
    assert "\x1b" not in refusal('[run]\nparallel_sources = "\\u001b[31m"')


_VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "paths", "url", "x"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*Settings.model_fields, "x"]), _VALUES, max_size=3))
def test_whatever_stands_in_the_file_ends_in_settings_or_a_sentence(data: dict[str, Any]) -> None:
    text = "\n".join(f"{key} = {_as_toml(value)}" for key, value in data.items())
    try:
        outcome: Settings | str = parsed(text)
    except SettingsError as error:
        outcome = str(error)
    assert isinstance(outcome, Settings) or outcome.startswith(str(WHERE))


def _as_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_as_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_as_toml(item) for item in value) + "]"
    return json.dumps(value).replace("\x7f", "\\u007f")


def test_the_environment_overrides_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREACHWATCH_CITY__TIME_ZONE", "America/Denver")
    monkeypatch.setenv("BREACHWATCH_RUN__PARALLEL_SOURCES", "5")
    monkeypatch.setenv("BREACHWATCH_DETECT__RULES", '["builtin", "my-rules"]')
    settings = parsed("[city]\nname = 'Odessa'\ntime_zone = 'UTC'\n[detect]\nlookback_days = 3")
    assert (settings.city.name, settings.city.time_zone) == ("Odessa", "America/Denver")
    assert settings.run.parallel_sources == 5
    assert (settings.detect.rules, settings.detect.lookback_days) == (("builtin", "my-rules"), 3)


def test_sources_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREACHWATCH_SOURCES", '[{"name": "a", "paths": ["/x"]}]')
    assert [source.name for source in parsed().sources] == ["a"]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("BREACHWATCH_DETECT__RULES", "builtin,my-rules", ["BREACHWATCH_DETECT", "JSON"]),
        ("BREACHWATCH_SOURCES", "auth", ["BREACHWATCH_SOURCES", "JSON"]),
        (
            "BREACHWATCH_RUN__PARALLEL_SOURCES",
            "many",
            ["environment variable BREACHWATCH_RUN__PARALLEL_SOURCES", "'many'"],
        ),
        ("BREACHWATCH_CITY__TIMEZONE", "UTC", ["environment variable BREACHWATCH_CITY__TIMEZONE", "time_zone"]),
        ("BREACHWATCH_TIMEZONE", "UTC", ["BREACHWATCH_TIMEZONE", "matches no setting", "city"]),
    ],
)
def test_errors_of_the_environment_name_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: list[str]
) -> None:
    monkeypatch.setenv(variable, value)
    message = refusal("")
    assert [word for word in said if word not in message] == []


@pytest.mark.parametrize("variable", ["BREACHWATCH_WORKSPACE", "BREACHWATCH_TRACEBACK", "BREACHWATCH_SHARED"])
def test_variables_that_steer_the_program_are_no_settings(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    assert parsed() == Settings()


@pytest.mark.parametrize(("section", "key"), [("database", "url"), ("alarm", "webhook_url")])
def test_a_secret_may_not_stand_in_the_file(section: str, key: str) -> None:
    message = refusal(f"[{section}]\n{key} = '{SECRET}'")
    assert f"{section}.{key}_file" in message
    assert f"BREACHWATCH_{section.upper()}__{key.upper()}" in message
    assert "hunter2" not in message


def test_secrets_never_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREACHWATCH_DATABASE__URL", SECRET)
    settings = parsed()
    assert settings.database.url.get_secret_value() == SECRET
    shown = f"{settings!r} {settings!s} {settings.model_dump()} {settings.model_dump_json()}"
    assert "hunter2" not in shown
    assert "hunter2" not in refusal("[database]\nurl_file = 'db-url'")  # both given
    assert "hunter2" not in refusal("[database]\nurl_flie = 'db-url'")


@pytest.mark.parametrize("value", ['{"url": "SECRET hunter2"', '["hunter2"]', "hunter2"])
def test_a_broken_section_in_the_environment_does_not_print_its_secret(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("BREACHWATCH_DATABASE", value)
    assert "hunter2" not in refusal("")


def test_settings_do_not_change() -> None:
    with pytest.raises(Exception, match="frozen"):
        parsed().city.name = "Other"


def test_an_unknown_source_is_named_with_those_that_exist() -> None:
    settings = parsed("[[sources]]\nname = 'mail01-auth'\npaths = ['/x']")
    assert settings.source("mail01-auth").paths == ("/x",)
    with pytest.raises(UnknownNameError, match="Did you mean mail01-auth"):
        settings.source("mail01")


def test_reading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "breachwatch.toml"
    with pytest.raises(SettingsError, match="breachwatch init"):
        load_settings(path)
    path.write_bytes(b"\xef\xbb\xbf[city]\nname = 'Odessa'\n")  # as Windows editors save it
    assert load_settings(path).city.name == "Odessa"
    path.write_bytes(b"[city]\nname = '\xff'\n")
    with pytest.raises(SettingsError, match="not UTF-8 at byte 15"):
        load_settings(path)
    with pytest.raises(SettingsError, match="cannot read"):
        load_settings(tmp_path)
