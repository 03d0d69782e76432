"""What a process is at, for whoever is left when it has died: a line in memory that both share."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

_BYTES = 256


class Mark:
    """One line. Without a path, a process shares it with the children that it forks; with one, with all who name it."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises OSError: there can be no such file."""
        if path is None:
            self._memory = mmap.mmap(-1, _BYTES)
            return
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            os.ftruncate(descriptor, _BYTES)
            self._memory = mmap.mmap(descriptor, _BYTES)
        finally:
            os.close(descriptor)

    def write(self, line: str) -> None:
        """Put a line in the place of the one before; what is beyond 256 bytes is cut off."""
        self._memory[:] = line.encode()[:_BYTES].ljust(_BYTES, b"\0")

    def read(self) -> str:
        """The line that was written last, by whichever process; empty if none was."""
        return self._memory[:].rstrip(b"\0").decode(errors="replace")
