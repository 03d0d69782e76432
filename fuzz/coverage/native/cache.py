"""Arrays kept on disk under a name, and mapped rather than read, so that processes share them."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tensorsmith.corpus.files import write_folder

Arrays = Mapping[str, npt.NDArray[Any]]

_MANIFEST = "manifest.json"


def cache_folder() -> Path:
    """Where analyses are kept: `tensorsmith/coverage` in `$XDG_CACHE_HOME`, which is `~/.cache` if it is not set."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tensorsmith" / "coverage"


def cached(name: str, build: Callable[[], Arrays]) -> Arrays:
    """The arrays that are kept under a name; those that `build` gives, kept from now on, if there are no sound ones.

    Where nothing can be kept, such as on a full disk, they are built every time.
    """
    folder = cache_folder() / name
    found = _read(folder)
    if found is not None:
        return found
    built = build()
    files: dict[str, bytes] = {}
    for key, array in built.items():
        file = BytesIO()
        np.save(file, array, allow_pickle=False)
        files[f"{key}.npy"] = file.getvalue()
    sums = {file: zlib.crc32(data) for file, data in files.items()}
    try:
        shutil.rmtree(folder, ignore_errors=True)
        write_folder(folder, {**files, _MANIFEST: msgspec.json.encode(sums)})
    except OSError:
        return built  # no room, no right to, or another process has just done it
    return _read(folder) or built


def _read(folder: Path) -> dict[str, npt.NDArray[Any]] | None:
    """The arrays of a folder; None if there are none or they are damaged."""
    try:
        sums = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=dict[str, int])
        for file, expected in sums.items():
            if zlib.crc32((folder / file).read_bytes()) != expected:
                return None
        mapped = {Path(file).stem: np.load(folder / file, mmap_mode="r", allow_pickle=False) for file in sums}
        return {name: np.asarray(array) for name, array in mapped.items()}  # np.memmap itself is slow to index
    except (OSError, ValueError, msgspec.MsgspecError):
        return None
