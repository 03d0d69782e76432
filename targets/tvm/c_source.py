"""C that TVM's code generator writes, compiled by the system's C compiler and loaded."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tensorsmith.targets.tvm import adapter

# What C leaves undefined and a program of TIR does not is not to be held against TVM: overflow that passes bring in
# where steps change places, and floats read as integers. Nor are floats to be contracted.
OPTIONS = ("-O1", "-w", "-fwrapv", "-fno-strict-aliasing", "-ffp-contract=off")

_COMPILERS = ("cc", "gcc", "clang")
_ERROR = re.compile(r": (?:fatal )?error: (.*)")


def compiler() -> str | None:
    """The name of the C compiler that is on the path, or None."""
    return next((name for name in _COMPILERS if shutil.which(name)), None)


def loaded(generated: Any) -> Any:
    """What TVM's generator of C made, compiled: a module that can be run.

    Raises:
        RuntimeError: the compiler rejects it; the message is its first error.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "lib.so")
        try:
            generated.export_library(path, workspace_dir=folder, cc=compiler(), options=list(OPTIONS))
        except RuntimeError as error:
            said = _ERROR.search(str(error))
            if said is None:
                raise
            raise RuntimeError(said.group(1)).with_traceback(error.__traceback__) from None
        return adapter.tvm().root.runtime.load_module(path)
