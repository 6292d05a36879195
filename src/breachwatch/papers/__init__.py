"""Papers: everything written that the city hands out or files, filled in from templates."""

from __future__ import annotations

from breachwatch.papers.filling import Filled, fill
from breachwatch.papers.loading import BUILT_IN, load_template, template_files, template_names, template_source
from breachwatch.papers.template import Audience, Template
from breachwatch.papers.values import Value

__all__ = [
    "BUILT_IN",
    "Audience",
    "Filled",
    "Template",
    "Value",
    "fill",
    "load_template",
    "template_files",
    "template_names",
    "template_source",
]
