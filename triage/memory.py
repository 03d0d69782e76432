"""What a reduction knows, kept in files as it goes: every verdict on a candidate, and the best test case so far.

A reduction that was interrupted or killed is begun again from the start with the same memory: it makes the same
candidates in the same order, and judges only those that it does not remember.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec.structs import replace

from tensorsmith.corpus.files import write_whole
from tensorsmith.ir.cases import Case, encode
from tensorsmith.oracles.verdict import Verdict

TRIED = "tried.jsonl"
CASE_FILE = "testcase.json"
VERDICT_FILE = "verdict.json"


class _Head(msgspec.Struct, frozen=True):
    """The first line: what the verdicts hold for."""

    key: str


class _Tried(msgspec.Struct, frozen=True):
    """Any other line: a candidate, by how it was judged and its identity."""

    id: str
    verdict: Verdict


_head_decoder = msgspec.json.Decoder(_Head)
_decoder = msgspec.json.Decoder(_Tried)


class Memory:
    """Verdicts by candidate, in a folder if there is one; several processes may add to it.

    Args:
        folder: where the files are; it must exist. None: nothing is written.
        key: what the verdicts hold for (the test case, the versions of the compiler ...). What is remembered under
            another key is forgotten.

    Raises:
        OSError: the files cannot be read or written.
    """

    def __init__(self, folder: Path | None = None, key: str = "") -> None:
        self.folder = folder
        self._key = key
        self._known: dict[str, Verdict] = {}
        self._read = 0
        if folder is not None:
            self.refresh()

    def __len__(self) -> int:
        """How many verdicts are remembered."""
        return len(self._known)

    def recall(self, name: str) -> Verdict | None:
        """The verdict under a name, if there is one."""
        return self._known.get(name)

    def note(self, name: str, verdict: Verdict) -> None:
        """Remember a verdict; of one that is no failure, only that."""
        if verdict.outcome != "fail":
            verdict = replace(verdict, message="", evidence=())
        self._known[name] = verdict
        if self.folder is not None:
            self._append(msgspec.json.encode(_Tried(name, verdict)))

    def keep_best(self, case: Case, verdict: Verdict) -> None:
        """Put the best test case so far, and how it fails, on disk."""
        if self.folder is not None:
            write_whole(self.folder / CASE_FILE, encode(case))
            write_whole(self.folder / VERDICT_FILE, msgspec.json.encode(verdict))

    def refresh(self) -> None:
        """Read what is new in the file, from a run that is over or from another process."""
        if self.folder is None:
            return
        path = self.folder / TRIED
        data = path.read_bytes() if path.exists() else b""
        if not self._read and not self._is_mine(data):
            data = msgspec.json.encode(_Head(self._key)) + b"\n"
            write_whole(path, data)
        end = data.rfind(b"\n") + 1  # a process may be killed in the middle of a line
        for line in data[self._read : end].splitlines():
            try:
                tried = _decoder.decode(line)
            except msgspec.DecodeError:
                continue
            self._known[tried.id] = tried.verdict
        self._read = end

    def _is_mine(self, data: bytes) -> bool:
        try:
            return _head_decoder.decode(data.split(b"\n", 1)[0]).key == self._key
        except msgspec.DecodeError:
            return False

    def _append(self, line: bytes) -> None:
        assert self.folder is not None
        descriptor = os.open(self.folder / TRIED, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, line + b"\n")
        finally:
            os.close(descriptor)
