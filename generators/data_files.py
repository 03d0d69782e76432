"""The data that ships: a file of each kind for a minor version of torch, and which of them the installed one gets."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import torch

TABLE = ".jsonl"
BOOK = ".rules.jsonl"

_NAME = re.compile(r"torch-(\d+)\.(\d+)(\..+)")


def data_folder() -> Traversable:
    """Where the files are."""
    return files("tensorsmith.generators") / "data"


def own_name(kind: str) -> str:
    """The name of the file that is of the installed torch, whether there is one or not."""
    major, minor = _installed()
    return f"torch-{major}.{minor}{kind}"


@cache
def nearest_name(kind: str) -> str:
    """The name of the file of the installed torch's minor version, else of the newest before it, else of the oldest.

    Raises:
        FileNotFoundError: no file of this kind ships.
    """
    versions = sorted(
        (int(match[1]), int(match[2]))
        for match in (_NAME.fullmatch(file.name) for file in data_folder().iterdir())
        if match is not None and match[3] == kind
    )
    if not versions:
        raise FileNotFoundError(f"no data file of torch operators ships (torch-*{kind})")
    major, minor = max((v for v in versions if v <= _installed()), default=versions[0])
    return f"torch-{major}.{minor}{kind}"


def _installed() -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", torch.__version__)
    assert found is not None
    return int(found[1]), int(found[2])
