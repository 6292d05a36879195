"""Arrow without pandas: what a night needs not load."""

from __future__ import annotations

import importlib.abc
import sys


class _Refusing(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            msg = "pandas is left out"
            raise ModuleNotFoundError(msg, name=fullname)


def leave_pandas_out() -> None:
    """Keep Arrow from loading pandas, which takes half a second and 40 MB, unless somebody asks for a data frame.

    When it first makes an array of Python values, Arrow loads pandas to tell whether they are a series of it, and takes
    them as they are where it cannot (pyarrow/pandas-shim.pxi). So that first time pandas is not to be found;
    `to_pandas()` looks for it again and finds it. Where pandas is loaded already nothing changes. To be called at the
    start of a process that is all ours, before it has threads.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    refusing = _Refusing()
    sys.meta_path.insert(0, refusing)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(refusing)
