"""Lines of Python files, as `torch/_inductor/ir.py:123`."""

from __future__ import annotations

import re
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from tensorsmith.fuzz.coverage.readers.api import Layout, Seen
from tensorsmith.ir.errors import EnvironmentLacksError

_LINE = re.compile(r"(.+\.py):(\d+)")


class LinesReader:
    """Reads what observers of Python code name: all features are lines."""

    def reads(self, seen: Seen) -> bool:
        """See Reader."""
        return bool(seen.names) and all(_LINE.fullmatch(name) for name in seen.names.values())

    def layout(self, seen: Seen) -> Layout:
        """See Reader."""
        _check_versions(seen)
        groups: dict[str, int] = {}
        group = np.zeros(max(seen.names) + 1, np.int32)
        items = [""] * len(group)
        for number, name in seen.names.items():
            file, _, items[number] = name.rpartition(":")
            group[number] = groups.setdefault(file, len(groups))
        item = np.arange(len(group), dtype=np.int32)
        return Layout("lines", "lines", tuple(groups), group, tuple(items), item, whole=False)


def source_path(file: str) -> Path:
    """Where a file, such as `torch/_inductor/ir.py`, is installed.

    Raises:
        EnvironmentLacksError: its package is not installed, or has no such file.
    """
    top = Path(file).parts[0].removesuffix(".py")
    spec = find_spec(top)
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parents[1 if spec.submodule_search_locations else 0] / file
        if path.exists():
            return path
    raise EnvironmentLacksError(f"{file}: not installed here, so its lines cannot be shown")


def _check_versions(seen: Seen) -> None:
    """Refuse lines of another version than the one that is installed."""
    for one in filter(None, seen.build.split(", ")):
        name, _, version = one.partition(" ")
        found = next((distribution.version for distribution in metadata.distributions(name=name)), None)
        if found != version:
            raise EnvironmentLacksError(f"{seen.observer}: lines of {one}, and {found or 'none'} is installed")
