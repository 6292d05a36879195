"""Channels: their addresses, and giving one message to one of them by Apprise.

An address is a secret, and so is whatever a service answers: what went wrong is told in our own words, with the number
of the answer at most.
"""

from __future__ import annotations

import io
import logging
import re
from typing import Any

from breachwatch.collect.secrets import read_secret
from breachwatch.errors import SettingsError, UnknownNameError
from breachwatch.model.people import Role
from breachwatch.settings_notify import Channel
from breachwatch.workspace import Workspace

_STATUS = re.compile(r"\berror=([1-5]\d\d)\b")
_UNREACHED = re.compile(r"(?i)connection|timed? ?out|timeout|resol|refused|unreachable")
_LOCAL = frozenset({"dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})
"""Schemas of Apprise that show something on this machine, where nobody sits."""


def channels_for(ws: Workspace, roles: tuple[Role, ...]) -> dict[str, tuple[Role, ...]]:
    """The channels that reach these roles, by name in their order, each with those of the roles that it reaches."""
    of_people = {person.login: person.roles for person in ws.settings.people}
    found: dict[str, tuple[Role, ...]] = {}
    for channel in ws.settings.notify.channels:
        read_by = {*channel.roles, *(role for login in channel.people for role in of_people.get(login, ()))}
        reached = tuple(role for role in roles if role in read_by)
        if reached:
            found[channel.name] = reached
    return found


def channel_named(ws: Workspace, name: str) -> Channel:
    """Raises UnknownNameError."""
    for channel in ws.settings.notify.channels:
        if channel.name == name:
            return channel
    raise UnknownNameError("channel", name, [channel.name for channel in ws.settings.notify.channels])


def deliver(ws: Workspace, channel: Channel, title: str, body: str) -> str:
    """Hand one message to a channel; why it did not go, in words that hold no secret, or empty where it went.

    Bounded by Apprise's own time-outs (some seconds for each try to connect or read).
    """
    try:
        url = _address(ws, channel)
    except SettingsError as error:
        return str(error)
    import apprise

    # No log of Apprise's: its lines may quote addresses and answers. What it says is looked through for numbers alone.
    words = io.StringIO()
    with _only(words):
        asset: Any = apprise.AppriseAsset(
            app_id="breachwatch", app_desc="breachwatch", app_url="", async_mode=False, secure_logging=True
        )
        post = apprise.Apprise(asset=asset)
        if url.partition(":")[0].lower() in _LOCAL or not post.add(url):
            return f"the address of channel {channel.name!r} is none that Apprise can send to; see its list of services"
        sent = post.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT, interpret_escapes=False)
    return "" if sent else _why(channel, words.getvalue())


class _only:  # noqa: N801  reads like the function it stands for
    """Apprise's log goes to a text of ours for a while, and nowhere else."""

    def __init__(self, words: io.StringIO) -> None:
        self._handler = logging.StreamHandler(words)
        self._log = logging.getLogger("apprise")

    def __enter__(self) -> None:
        self._before = (self._log.handlers[:], self._log.propagate, self._log.level)
        self._log.handlers, self._log.propagate = [self._handler], False
        self._log.setLevel(logging.INFO)

    def __exit__(self, *_: object) -> None:
        self._log.handlers, self._log.propagate, level = self._before
        self._log.setLevel(level)


def _address(ws: Workspace, channel: Channel) -> str:
    return read_secret(ws, f"notify_{channel.name}", "url", channel.url_file, owner=f"channel {channel.name!r}")


def _why(channel: Channel, words: str) -> str:
    status = _STATUS.search(words)
    if status:
        return f"the service of channel {channel.name!r} answered {status[1]}"
    if _UNREACHED.search(words):
        return f"the service of channel {channel.name!r} could not be reached"
    return f"the service of channel {channel.name!r} did not take it"
