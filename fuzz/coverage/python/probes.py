"""Lines noted by one-shot probes in bytecode, for Python 3.11."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, FunctionType, ModuleType

import numpy as np
import numpy.typing as npt

from tensorsmith.fuzz.coverage.python.files import PackageFiles
from tensorsmith.fuzz.coverage.python.noise import all_objects
from tensorsmith.fuzz.coverage.python.splice import (
    NOP,
    Marks,
    Probe,
    bytecode_address,
    line_places,
    with_probes,
)

_Byte = ctypes.c_ubyte


class ProbedLines:
    """See `lines.Recorder`. Code that runs when a module is imported has no probes: it runs once in a process."""

    def __init__(self, files: PackageFiles) -> None:
        self._files = files
        self._marks = Marks()
        # By mark: the address of the probe, and what its line is called.
        self._addresses: list[int] = []
        self._lines: list[str] = []
        # By line: its marks.
        self._of: dict[str, list[int]] = {}
        # By identity of code without probes: that code, which is so kept alive, and the code with probes.
        self._probed: dict[int, tuple[CodeType, CodeType]] = {}
        # Marks of probes that have disarmed themselves.
        self._spent: list[npt.NDArray[np.int64]] = []

    def start(self) -> None:
        """See `lines.Recorder`.

        Raises:
            RuntimeError: this interpreter keeps bytecode elsewhere.
        """
        _check_memory()
        sys.meta_path.insert(0, _Finder(self._files, self))
        self._files.leave_out_cached()
        hidden = gc.get_freeze_count() > 0
        # Nothing that is made here is garbage.
        collects = gc.isenabled()
        gc.disable()
        for function in [one for one in all_objects() if type(one) is FunctionType]:
            if self._files.name(function.__code__.co_filename) is not None:
                function.__code__ = self.probe(function.__code__)
        if hidden:
            gc.freeze()
        if collects:
            gc.enable()

    def take(self) -> set[str]:
        """See `lines.Recorder`."""
        # A view of the marks must not live when they grow.
        marks = np.frombuffer(self._marks, np.uint8)
        hit = np.flatnonzero(marks)
        marks[hit] = 0
        self._spent.append(hit)
        return {self._lines[mark] for mark in hit.tolist()}

    def again(self, lines: Iterable[str] | None) -> None:
        """See `lines.Recorder`."""
        spent = np.concatenate(self._spent) if self._spent else np.empty(0, np.int64)
        chosen = spent
        if lines is not None:
            wanted = [mark for line in lines for mark in self._of.get(line, ())]
            chosen = np.intersect1d(spent, np.array(wanted, np.int64))
        byte_at, addresses = _Byte.from_address, self._addresses
        for mark in chosen.tolist():
            byte_at(addresses[mark]).value = NOP
        self._spent = [np.setdiff1d(spent, chosen)] if lines is not None else []

    def probe(self, code: CodeType) -> CodeType:
        """The code with a probe at every line, in itself and in what is defined within; the same for the same code."""
        known = self._probed.get(id(code))
        if known is not None:
            return known[1]
        name = self._files.of_code(code)
        places = list(line_places(code)) if name is not None else []
        first = len(self._lines)
        for mark, (_, line) in enumerate(places, first):
            text = f"{name}:{line}"
            self._lines.append(text)
            self._of.setdefault(text, []).append(mark)
        self._marks.extend(bytes(len(places)))
        probes = [Probe(offset, mark) for mark, (offset, _) in enumerate(places, first)]
        self._addresses += [0] * len(places)
        new, addresses = with_probes(code, probes, self._marks, self.probe_nested(code))
        self._addresses[first : first + len(places)] = addresses
        self._probed[id(code)] = (code, new)
        self._probed[id(new)] = (new, new)
        return new

    def probe_nested(self, code: CodeType) -> dict[int, CodeType]:
        """The code that is defined within some code, with probes, by its position among the constants."""
        return {at: self.probe(one) for at, one in enumerate(code.co_consts) if isinstance(one, CodeType)}


class _Loader(SourceFileLoader):
    """Loads a module whose functions have probes."""

    def __init__(self, name: str, path: str, recorder: ProbedLines) -> None:
        super().__init__(name, path)
        self._recorder = recorder

    def get_code(self, fullname: str) -> CodeType | None:
        code = super().get_code(fullname)
        if code is None:
            return None
        consts = list(code.co_consts)
        for position, inner in self._recorder.probe_nested(code).items():
            consts[position] = inner
        return code.replace(co_consts=tuple(consts))


class _Finder(MetaPathFinder):
    """Finds the modules of the packages that are imported later."""

    def __init__(self, files: PackageFiles, recorder: ProbedLines) -> None:
        self._files = files
        self._recorder = recorder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not self._files.has_module(fullname):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader and self._files.name(spec.loader.path):
            spec.loader = _Loader(fullname, spec.loader.path, self._recorder)
        return spec


def _check_memory() -> None:
    code = _check_memory.__code__.replace()
    held = bytes((_Byte * len(code.co_code)).from_address(bytecode_address(code)))
    if held != code.co_code:
        raise RuntimeError("the bytecode of this Python is not where Python 3.11 has it")
