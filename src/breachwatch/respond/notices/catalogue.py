"""Which papers there are: for whom, in which languages, and which obligations of which law each serves."""

from __future__ import annotations

from dataclasses import dataclass

from breachwatch.papers import Audience, load_template, template_files
from breachwatch.respond.law.loading import load_profile, profile_names
from breachwatch.respond.law.obligations import Obligation
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Listed:
    """One paper. `obligations` are those of the profiles that there are, in the order of the template."""

    template: str
    title: str
    audience: Audience
    languages: tuple[str, ...]
    obligations: tuple[Obligation, ...]


def catalogue(ws: Workspace) -> tuple[Listed, ...]:
    """All papers by their ids, the city's own among them. Raises DataError for a file that cannot be used."""
    languages: dict[str, list[str]] = {}
    for name, language in sorted(template_files(ws)):
        languages.setdefault(name, []).append(language)
    known = {item.id: item for name in profile_names(ws.root) for item in load_profile(name, ws.root).obligations}
    made = []
    for name, spoken in languages.items():
        template = load_template(ws, name, "en" if "en" in spoken else spoken[0])
        served = tuple(known[item] for item in template.front.obligations if item in known)
        made.append(Listed(name, template.front.title, template.front.audience, tuple(spoken), served))
    return tuple(made)
