"""The two ways into Relax, and what tells in a traceback that TVM's importer was at work. Imports no compiler."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

# How programs come into Relax: by our own table of operators, or by torch.export and TVM's importer.
Way: TypeAlias = Literal["translate", "import"]
WAYS: dict[str, Way] = {"tvm-relax": "translate", "tvm-relax-import": "import"}

# Functions of TVM's importer, as `file.py:function`.
FRONTEND = re.compile(r"(base_fx_graph|exported_program)_translator\.py:")
