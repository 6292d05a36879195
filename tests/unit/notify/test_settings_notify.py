"""Settings of notifications: what they mean, and what is refused with a sentence."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from breachwatch.errors import SettingsError
from breachwatch.model.finding import Level
from breachwatch.model.people import Role
from breachwatch.settings import Settings
from breachwatch.settings_file import parse_settings


def parsed(text: str) -> Settings:
    return parse_settings(text, Path("breachwatch.toml"))


def test_a_plain_list_is_one_step() -> None:
    notify = parsed('[notify.high]\nroles = ["analyst"]\nacknowledge_minutes = 5\nescalate = ["counsel"]').notify
    assert notify.telling(Level.HIGH).escalate == ((Role.COUNSEL,),)
    assert notify.telling(Level.CRITICAL).acknowledge_minutes == 30
    assert notify.telling(Level.LOW).roles == ()
    assert parsed('[notify]\ndigest_at = "07:30"').notify.digest_time == time(7, 30)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[notify.channels]]\nname = "a"', "say who reads it"),
        ('[[notify.channels]]\nname = "a b"\nroles = ["analyst"]', "lower-case letters"),
        ('[[notify.channels]]\nname = "a"\nroles = ["program"]', "nobody with it can be told"),
        ('[[notify.channels]]\nname = "a"\nroles = ["boss"]', "notify.channels.0.roles"),
        ('[[notify.channels]]\nname = "a"\nurl = "mailto://u:hunter2@x"\nroles = ["analyst"]', "no such key"),
        ('[[notify.channels]]\nname = "a"\npeople = ["nobody"]', "who is not among"),
        ('[[notify.channels]]\nname = "a"\nroles = ["analyst"]\n' * 2, "two channels are named 'a'"),
        ('[notify.low]\nroles = ["analyst"]\nescalate = ["counsel"]', "escalate needs acknowledge_minutes"),
        ('[notify.high]\nroles = ["analyst"]\nacknowledge_minutes = -1', "notify.high.acknowledge_minutes"),
        ("[notify]\nquiet = {analyst = [7, 7]}", "two different hours"),
        ('[notify]\nquiet_below = "loud"', "is no level"),
        ('[notify]\ndigest_at = "7 am"', "a time of day"),
        ("[notify]\nmost_at_once = 0", "most_at_once"),
        ("[evidence]\nretention_days = -1", "retention_days"),
    ],
)
def test_what_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        parsed(text)
    assert "hunter2" not in str(refused.value)
