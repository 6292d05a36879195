"""How deep a YAML text goes, before libyaml composes it: at some ten thousand levels it would end the whole process."""

from __future__ import annotations

import re

DEEPEST = 100  # SigmaHQ's deepest rule has 7 levels
_MUCH_INDENTED = re.compile(rf"^[ \t?:-]{{{DEEPEST},}}", re.MULTILINE)


def refuse_deep(text: str) -> None:
    """Raise ValueError for a text that is nested deeper than DEEPEST levels, YAMLError for one that is no YAML.

    libyaml's composer goes down by recursion in C and exhausts the stack without an error; its parser does not.
    Depth comes from brackets or from indentation: only a text with much of either is looked at event by event.
    """
    if text.count("[") + text.count("{") <= DEEPEST and not _MUCH_INDENTED.search(text):
        return
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            msg = f"it is nested deeper than {DEEPEST} levels"
            raise ValueError(msg)
