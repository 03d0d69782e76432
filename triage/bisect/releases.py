"""Releases: in which of several Python environments a stand-alone script first reproduces the failure.

From the newest backwards in steps that double, until one passes; then halving what lies between. An environment in
which the script neither reproduces nor runs through says nothing: the nearest other one is taken for it.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.triage.bisect.result import Outcome, Release, Releases, Run
from tensorsmith.triage.bisect.runs import check
from tensorsmith.triage.confirm import run_script

_VERSIONS = """
from importlib.metadata import PackageNotFoundError, version
for name in ("torch", "apache-tvm", "onnxruntime"):
    try:
        print(name, version(name))
    except PackageNotFoundError:
        pass
"""
_VERSIONS_SECONDS = 60.0


def python_of(path: Path) -> Path:
    """The interpreter that a path names: itself, or that of a virtual environment.

    Raises:
        InvalidInputError: there is none.
    """
    found = path / "bin" / "python" if path.is_dir() else path
    if not found.is_file():
        raise InvalidInputError(f"--python {path}: neither a Python interpreter nor a virtual environment")
    return found.absolute()


def bisect_releases(
    script: str,
    pythons: Sequence[Path],
    seconds: float,
    on_run: Callable[[Run], object] = lambda run: None,
    on_known: Callable[[Releases], object] = lambda known: None,
) -> Releases:
    """Find the first release that fails.

    Args:
        script: exits with 1 and prints a line that begins with `reproduced` if the bug is there, with 0 if not.
        pythons: interpreters, the oldest release first.
        seconds: for one run of the script.
        on_run: told of every run.
        on_known: told what is known after every run.
    """
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "repro.py"
        path.write_text(script)
        return _Search(path, pythons, seconds, on_run, on_known).search()


class _Search:
    """The runs so far, by position in the list of environments."""

    def __init__(
        self,
        script: Path,
        pythons: Sequence[Path],
        seconds: float,
        on_run: Callable[[Run], object],
        on_known: Callable[[Releases], object],
    ) -> None:
        self._script = script
        self._pythons = pythons
        self._seconds = seconds
        self._on_run = on_run
        self._on_known = on_known
        self._ran: dict[int, Release] = {}

    def search(self) -> Releases:
        failing = self._nearest(len(self._pythons) - 1, -1, len(self._pythons))
        if failing is None or self._ran[failing].outcome != "fails":
            return self._known(None, failing)
        failing, passing = self._backwards(failing)
        if passing is not None:
            failing, passing = self._between(failing, passing)
        known = self._known(failing, passing)
        older = passing
        both = check(lambda: self._again(failing), None if older is None else lambda: self._again(older))
        return Releases(known.ran, known.first_failing, known.last_passing, known.unknown, both)

    def _backwards(self, newest: int) -> tuple[int, int | None]:
        """The oldest known to fail, and a passing one before it, if there is one."""
        failing, step = newest, 1
        while failing > 0:
            at = self._nearest(max(0, newest - step), -1, failing)
            if at is None:
                return failing, None
            if self._ran[at].outcome == "passes":
                return failing, at
            failing, step = at, 2 * step
        return failing, None

    def _between(self, failing: int, passing: int) -> tuple[int, int]:
        while failing - passing > 1:
            at = self._nearest((failing + passing) // 2, passing, failing)
            if at is None:
                break
            if self._ran[at].outcome == "fails":
                failing = at
            else:
                passing = at
        return failing, passing

    def _nearest(self, at: int, low: int, high: int) -> int | None:
        """The environment nearest to `at`, above `low` and below `high`, in which the script says something."""
        for one in sorted(range(low + 1, high), key=lambda k: (abs(k - at), k)):
            if one not in self._ran:
                ended = self._run(one, self._label(one))
                self._ran[one] = Release(self._label(one), _versions(self._pythons[one]), ended.outcome, ended.said)
                self._on_known(self._known(None, None))
            if self._ran[one].outcome in ("fails", "passes"):
                return one
        return None

    def _run(self, at: int, label: str) -> Run:
        ended = run_script(self._pythons[at], self._script, self._seconds)
        outcome: Outcome = "fails" if ended.reproduced else "passes" if ended.code == 0 else "nothing"
        run = Run(label, outcome, "" if outcome != "nothing" else ended.last_words())
        self._on_run(run)
        return run

    def _again(self, at: int) -> Outcome:
        return self._run(at, f"again: {self._label(at)}").outcome

    def _label(self, at: int | None) -> str:
        return "" if at is None else str(self._pythons[at])

    def _known(self, failing: int | None, passing: int | None) -> Releases:
        ran = tuple(self._ran[at] for at in sorted(self._ran))
        unknown: tuple[str, ...] = ()
        if failing is not None:
            start = -1 if passing is None else passing
            unknown = tuple(str(self._pythons[at]) for at in range(start + 1, failing))
        return Releases(ran, self._label(failing), self._label(passing), unknown)


def _versions(python: Path) -> str:
    """The frameworks that an environment has, with their versions; empty if it cannot say."""
    try:
        ended = subprocess.run(
            [str(python), "-I", "-c", _VERSIONS], capture_output=True, text=True, timeout=_VERSIONS_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ", ".join(ended.stdout.splitlines()) if ended.returncode == 0 else ""
