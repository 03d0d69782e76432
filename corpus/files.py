"""Writing files so that a reader, or a process killed at any time, never sees half of one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tensorsmith.corpus.errors import StoreError


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, then move it into place; its folder must exist.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    fd, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_named(path: Path, data: bytes) -> None:
    """Write a file that a person named, as `write_whole` does.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        write_whole(path, data)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from error


def write_folder(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write a folder of files: a new one appears with all of them; in an old one each file is replaced as a whole.

    Every file is on disk, under a temporary name, before the first one is moved into place.

    Raises:
        OSError: something cannot be written; nothing is left behind.
        ValueError: a name is no plain file name.
    """
    for name in files:
        if Path(name).name != name:
            raise ValueError(f"not a plain file name: {name!r}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=folder.parent))
    try:
        for name, content in files.items():
            (staged / name).write_bytes(content.encode() if isinstance(content, str) else content)
        if folder.exists():
            for name in files:
                os.replace(staged / name, folder / name)
            staged.rmdir()
        else:
            staged.chmod(0o755)
            staged.rename(folder)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
