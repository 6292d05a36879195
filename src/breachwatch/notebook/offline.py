"""Notebooks and their exports without a network: no chart, style or script is fetched from anywhere."""

from __future__ import annotations

import base64
import html
from pathlib import Path
from typing import Any

import altair as alt
import nbformat
import vl_convert

from breachwatch.report.text import visible

_RENDERER = "breachwatch"
_SVG = "image/svg+xml"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
pre {{ background: #f4f4f4; padding: .6rem; overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .85rem; }}
td, th {{ border: 1px solid #ccc; padding: .2rem .5rem; text-align: left; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def offline() -> None:
    """Show charts without a network: interactive where the notebook brings Vega along, else as SVG.

    JupyterLab and VS Code draw the chart themselves; every other reader, exports among them, takes the SVG.
    """
    alt.renderers.register(_RENDERER, _both)
    alt.renderers.enable(_RENDERER)


def _both(spec: dict[str, Any], **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    data = {
        f"application/vnd.vegalite.v{alt.SCHEMA_VERSION.lstrip('v').split('.')[0]}+json": spec,
        _SVG: vl_convert.vegalite_to_svg(spec),
        "text/plain": "<chart>",
    }
    return data, {_SVG: {"alt": f"Chart: {spec.get('title', 'untitled')}"}}


def export_html(notebook: Path) -> str:
    """An executed notebook as one HTML page that runs no script and opens no address.

    Jupyter's own templates fetch MathJax and other scripts from a network; this page forbids both in its policy, which
    also disarms whatever a log might smuggle into an output.
    """
    from nbconvert import HTMLExporter

    exporter: Any = HTMLExporter
    reading: Any = nbformat
    content = reading.read(notebook, as_version=4)
    for cell in content.cells:
        for output in cell.get("outputs", []):
            if _SVG in output.get("data", {}):
                output["data"] = {"text/html": _image(output["data"][_SVG], output["metadata"].get(_SVG, {}))}
    body, _ = exporter(template_name="basic").from_notebook_node(content)
    return _PAGE.format(title=html.escape(notebook.stem), body=_written_out(body))


def _written_out(body: str) -> str:
    """The page with every character written out that steers a reader: data frames hold a log's texts as they were."""
    return "".join(char if char.isprintable() or char in "\t\n\r" else visible(char) for char in body)


def _image(svg: str, about: dict[str, str]) -> str:
    """A chart as an image with its alternative text; as an image it cannot run a script."""
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{html.escape(about.get("alt", "Chart"))}" src="data:{_SVG};base64,{data}">'
