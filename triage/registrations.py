"""What a stand-alone script must import before operators that are not torch's own are there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import torch
from torch._library.simple_registry import singleton

from tensorsmith.ir.graph import Graph

_TORCH = Path(torch.__file__).parent
_REGISTERED_AT = re.compile(r"registered at (.+\.py):\d+")


def registrations(graph: Graph) -> str:
    """Statements that register the operators of a graph that torch does not bring along; empty if there are none.

    They import the Python modules that define the operators or their fake kernels, and load what was loaded with
    `torch.ops.load_library`.
    """
    names = sorted({op for op in graph.operators() if not op.startswith("aten.")})
    modules = dict.fromkeys(module for name in names for module in _modules(name))
    if not modules:
        return ""
    libraries = [f"torch.ops.load_library({path!r})" for path in sorted(torch.ops.loaded_libraries)]
    return "\n".join([*libraries, *map(import_source, modules)])


def import_source(module: ModuleType) -> str:
    """Statements that import a module that is imported here, in a process that may have another search path."""
    file = getattr(module, "__file__", None)
    if file is None or "site-packages" in file or "." in module.__name__:
        return f"import {module.__name__}"
    return f"sys.path.insert(0, {str(Path(file).resolve().parent)!r})\nimport {module.__name__}"


def _modules(op: str) -> Iterator[ModuleType]:
    qualified = op.rsplit(".", 1)[0].replace(".", "::", 1)
    kernel = singleton.find(qualified).fake_impl.kernel
    fake = [] if kernel is None else [kernel.source.rsplit(":", 1)[0]]
    for file in (*fake, *_REGISTERED_AT.findall(torch._C._dispatch_dump(qualified))):
        if _TORCH not in Path(file).parents:
            yield from (module for module in list(sys.modules.values()) if getattr(module, "__file__", None) == file)
