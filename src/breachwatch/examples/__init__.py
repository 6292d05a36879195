"""Worked examples: a case from its logs to its end, played by the commands that people would type.

An example is a page of Markdown with commands in it (`odessa.md`, `oxnard.md`). `play` carries the commands out, in a
new workspace and by a clock that shows what the page says; `page` puts what came out below them.
"""

from __future__ import annotations

from breachwatch.examples.page import as_page
from breachwatch.examples.playing import Command, Happened, Ran, play
from breachwatch.examples.script import EXAMPLES, Script, read_script

__all__ = ["EXAMPLES", "Command", "Happened", "Ran", "Script", "as_page", "play", "read_script"]
