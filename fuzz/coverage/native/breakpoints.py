"""Breakpoints in a library of this process, by way of `breakpoints.c`; see there for how they work."""

from __future__ import annotations

import ctypes
import os
import signal
from functools import cache
from pathlib import Path

import numpy as np

from tensorsmith.fuzz.coverage.native.blocks import Offsets
from tensorsmith.fuzz.coverage.native.elf import Library
from tensorsmith.fuzz.coverage.native.machines import require_this_machine
from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError, TensorsmithError

_EXTENSION = "_breakpoints*.so"
_NOT_LOADED, _TOO_MANY, _FILE_UNREADABLE, _NO_MEMORY, _OUT_OF_BOUNDS, _TEXT_DIFFERS = -1, -2, -3, -4, -5, -6
_NOT_WRITABLE, _HANDLER_REPLACED, _HITS_LOST, _ATTACHED_ALREADY = -7, -8, -9, -10


class Breakpoints:
    """Breakpoints in one loaded library; each strikes once. For one thread at a time, whichever threads it observes.

    A process that is forked has them, too, and notes its own hits.
    """

    def __init__(self, library: Library, most: int) -> None:
        """Get ready for at most so many breakpoints in a library that is loaded; this places none.

        From now on this process handles SIGTRAP: nothing else may install a handler of it.

        Raises:
            EnvironmentLacksError: the extension was not built, the machine is another, or SIGTRAP is blocked.
            InvalidInputError: the library is not loaded in this process, or has breakpoints already.
        """
        self._path = library.path
        self._call = _extension()
        refuse_where_blocked()
        number = self._call.tensorsmith_attach(os.fsencode(self._path), library.text[0], most)
        if number < 0:
            raise self._error(number)
        self._number = int(number)
        self._room = np.zeros(max(1, most), np.uint32)
        # Never unloaded: another library could be mapped at its place.
        self._kept = ctypes.CDLL(str(self._path), mode=os.RTLD_NOLOAD | os.RTLD_LAZY)

    def arm(self, offsets: Offsets) -> None:
        """Place breakpoints, all or none; those that are in place stay. Read the hits before arming what was hit.

        Args:
            offsets: uint32[n], where instructions begin, relative to the base of the image.

        Raises:
            EnvironmentLacksError: SIGTRAP is blocked or handled by others now, or the text cannot be made writable.
            InvalidInputError: an offset is outside the code, or the code there is not that of the file.
        """
        refuse_where_blocked()
        offsets = np.ascontiguousarray(offsets, np.uint32)
        bad = ctypes.c_uint64()
        failed = self._call.tensorsmith_arm(self._number, offsets.ctypes.data, len(offsets), ctypes.byref(bad))
        if failed:
            raise self._error(failed, int(offsets[bad.value]) if bad.value < len(offsets) else 0)

    def disarm(self, offsets: Offsets) -> None:
        """Take breakpoints away where there are any."""
        offsets = np.ascontiguousarray(offsets, np.uint32)
        self._call.tensorsmith_disarm(self._number, offsets.ctypes.data, len(offsets))

    def hits(self) -> Offsets:
        """The offsets of the breakpoints that struck since the last call, in the order of time: uint32[n]."""
        count = self._call.tensorsmith_hits(self._number, self._room.ctypes.data, len(self._room))
        if count < 0:
            raise self._error(count)
        return self._room[:count].copy()

    def _error(self, code: int, offset: int = 0) -> TensorsmithError:
        reason = os.strerror(ctypes.get_errno())
        where = f"{self._path.name} at offset {offset:#x}"
        words = {
            _NOT_LOADED: (InvalidInputError, f"{self._path}: is not loaded in this process: import its package first"),
            _TOO_MANY: (InvalidInputError, "too many libraries are observed in this process"),
            _FILE_UNREADABLE: (InvalidInputError, f"{self._path}: {reason}"),
            _NO_MEMORY: (EnvironmentLacksError, f"native coverage of {self._path.name}: {reason}"),
            _OUT_OF_BOUNDS: (InvalidInputError, f"{where}: that is not in its code"),
            _TEXT_DIFFERS: (InvalidInputError, f"{where}: the code in memory is not that of the file, or a breakpoint"),
            _NOT_WRITABLE: (
                EnvironmentLacksError,
                f"native coverage is off: the code of {self._path.name} cannot be made writable ({reason}): this "
                "system forbids code that is both writable and executable",
            ),
            _HANDLER_REPLACED: (
                EnvironmentLacksError,
                "native coverage is off: another handler of SIGTRAP was installed after its own",
            ),
            _HITS_LOST: (InvalidInputError, f"{self._path.name}: more breakpoints than were asked for"),
            _ATTACHED_ALREADY: (InvalidInputError, f"{self._path}: is observed already in this process"),
        }
        kind, text = words[code]
        return kind(text)


def refuse_where_impossible() -> None:
    """Raises EnvironmentLacksError where no breakpoint can be: another machine, no extension, SIGTRAP blocked."""
    _extension()
    refuse_where_blocked()


def refuse_where_blocked() -> None:
    """A thread that blocks SIGTRAP would die at its first breakpoint.

    Raises:
        EnvironmentLacksError: some thread of this process does.
    """
    bit = 1 << (signal.SIGTRAP - 1)
    for task in Path("/proc/self/task").iterdir():
        try:
            lines = (task / "status").read_text().splitlines()
        except OSError:
            continue  # the thread has ended
        blocked = next(int(line.split()[1], 16) for line in lines if line.startswith("SigBlk:"))
        if blocked & bit:
            raise EnvironmentLacksError(f"native coverage is off: thread {task.name} of this process blocks SIGTRAP")


def extension_path() -> Path | None:
    """Where the extension is, if it was built when tensorsmith was installed."""
    return next(iter(sorted(Path(__file__).resolve().parent.glob(_EXTENSION))), None)


@cache
def _extension() -> ctypes.CDLL:
    require_this_machine()
    path = extension_path()
    if path is None:
        raise EnvironmentLacksError("native coverage is off: there was no C compiler when tensorsmith was installed")
    extension = ctypes.CDLL(str(path), use_errno=True)
    extension.tensorsmith_attach.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint64]
    extension.tensorsmith_arm.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p]
    extension.tensorsmith_disarm.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint64]
    extension.tensorsmith_disarm.restype = None
    extension.tensorsmith_hits.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint64]
    extension.tensorsmith_hits.restype = ctypes.c_int64
    return extension
