"""Which files belong to some packages, and what they are called wherever they lie."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class PackageFiles:
    """The Python files of some packages, but for those of torch that Dynamo traces.

    It would take what watches them for a part of the user's program.
    """

    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = tuple(packages)
        # Beginnings of paths: of a package's folder or of a module's file, and of what stands before `torch/...`.
        self._paths: list[tuple[str, str]] = []
        for name in packages:
            spec = importlib.util.find_spec(name)
            if spec is None or spec.origin is None:
                continue
            path = Path(spec.origin)
            base = path.parents[name.count(".") + bool(spec.submodule_search_locations)]
            prefix = f"{path.parent}/" if spec.submodule_search_locations else str(path)
            self._paths.append((prefix, f"{base}/"))
        self._names: dict[str, str | None] = {}

    def name(self, path: str) -> str | None:
        """What a file is called, such as `torch/_inductor/ir.py`; None if it is not to be watched."""
        if path not in self._names:
            base = next((base for prefix, base in self._paths if path.startswith(prefix)), None)
            name = None if base is None else path.removeprefix(base)
            self._names[path] = None if name is None or _is_traced(name, path) else name
        return self._names[path]

    def has_module(self, name: str) -> bool:
        """Whether a module is in one of the packages."""
        return any(name == package or name.startswith(f"{package}.") for package in self._packages)


def _is_traced(name: str, path: str) -> bool:
    """Whether it is a file of torch that Dynamo, if it is there, traces, or inlines into what it traces."""
    rules: Any = sys.modules.get("torch._dynamo.trace_rules")
    if rules is None or not name.startswith("torch/"):
        return False
    return not all(rules.check_file(path, is_inlined_call=inlined).skipped for inlined in (False, True))
