"""A night's Arrow does without pandas; whoever asks for a data frame gets one."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import pyarrow as pa
from breachwatch.arrow import leave_pandas_out
leave_pandas_out()
table = pa.table({"a": pa.array([1, None, 3]), "b": pa.array(["x", "y", None], pa.string())})
left = [finder for finder in sys.meta_path if type(finder).__module__ == "breachwatch.arrow"]
print("pandas" in sys.modules, left, table.to_pydict())
print(table.to_pandas()["a"].sum(), "pandas" in sys.modules)
"""


def test_pandas_is_loaded_for_a_data_frame_and_for_nothing_else() -> None:
    ended = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert ended.stdout == "False [] {'a': [1, None, 3], 'b': ['x', 'y', None]}\n4.0 True\n"
