"""Which files belong to some packages, and what they are called wherever they lie."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType
from typing import Any

from tensorsmith.fuzz.coverage.python.noise import cached_functions, is_noise


class PackageFiles:
    """The Python files of some packages, but for those of torch that Dynamo traces.

    It would take what watches them for a part of the user's program. Nor is code watched that `noise` knows of.
    """

    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = tuple(packages)
        # Beginnings of paths: of a package's folder or of a module's file, and of what stands before `torch/...`.
        self._paths: list[tuple[str, str]] = []
        # Now, so that what is watched does not depend on whether anybody has compiled before.
        of_torch = any(name.partition(".")[0] == "torch" for name in packages)
        self._rules: Any = importlib.import_module("torch._dynamo.trace_rules") if of_torch else None
        for name in packages:
            spec = _found(name)
            if spec is None or spec.origin is None:
                continue
            path = Path(spec.origin)
            base = path.parents[name.count(".") + bool(spec.submodule_search_locations)]
            prefix = f"{path.parent}/" if spec.submodule_search_locations else str(path)
            self._paths.append((prefix, f"{base}/"))
        self._names: dict[str, str | None] = {}
        self._cached: frozenset[tuple[str, str]] = frozenset()

    def leave_out_cached(self) -> None:
        """Do not watch functions that are behind a cache now: whether they run depends on what ran before."""
        self._cached = cached_functions()

    def of_code(self, code: CodeType) -> str | None:
        """What the file of some code is called; None if that code is not to be watched."""
        file = self.name(code.co_filename)
        if file is None or is_noise(file, code.co_qualname):
            return None
        outer = code.co_qualname
        while outer:
            if (code.co_filename, outer) in self._cached:
                return None
            outer = outer.rpartition(".<locals>.")[0]
        return file

    def name(self, path: str) -> str | None:
        """What a file is called, such as `torch/_inductor/ir.py`; None if it is not to be watched."""
        if path not in self._names:
            base = next((base for prefix, base in self._paths if path.startswith(prefix)), None)
            name = None if base is None else path.removeprefix(base)
            self._names[path] = None if name is None or self._is_traced(name, path) else name
        return self._names[path]

    def has_module(self, name: str) -> bool:
        """Whether a module is in one of the packages."""
        return any(name == package or name.startswith(f"{package}.") for package in self._packages)

    def _is_traced(self, name: str, path: str) -> bool:
        """Whether it is a file of torch that Dynamo traces, or inlines into what it traces."""
        if not name.startswith("torch/"):
            return False
        return not all(self._rules.check_file(path, is_inlined_call=inlined).skipped for inlined in (False, True))


def _found(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
