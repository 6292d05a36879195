"""breachwatch: nightly Sigma detection over a city's logs, with incidents and evidence a stranger can verify.

>>> import breachwatch as bw
>>> ws = bw.open("workspace")  # doctest: +SKIP
>>> ws.events("linux.auth").df()  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from breachwatch.notebook.session import Session, open  # noqa: A004  the notebook reads well: bw.open(...)

__all__ = ["Session", "__version__", "open"]


def __getattr__(name: str) -> Any:
    # Lazy, so that `breachwatch --help` does not pay for DuckDB and Arrow.
    if name == "__version__":
        from importlib.metadata import version

        return version("breachwatch")
    if name in __all__:
        from breachwatch.notebook import session

        return getattr(session, name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
