"""Lines noted by the interpreter itself, for Python 3.12 and later (PEP 669)."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import CodeType
from typing import Any

from tensorsmith.fuzz.coverage.python.files import PackageFiles
from tensorsmith.fuzz.coverage.python.noise import is_noise

# Of the identifiers for tools one that no kind of tool has to itself.
_TOOL = 3


class MonitoredLines:
    """See `lines.Recorder`. A line's event is switched off once it has come."""

    def __init__(self, files: PackageFiles) -> None:
        self._files = files
        self._noted: set[str] = set()
        # Lines that were noted and do not count again, although the interpreter tells of them again.
        self._spent: set[str] = set()
        self._monitoring: Any = vars(sys)["monitoring"]

    def start(self) -> None:
        """See `lines.Recorder`."""
        self._files.leave_out_cached()
        monitoring = self._monitoring
        monitoring.use_tool_id(_TOOL, "tensorsmith")
        monitoring.register_callback(_TOOL, monitoring.events.PY_START, self._entered)
        monitoring.register_callback(_TOOL, monitoring.events.LINE, self._executed)
        monitoring.set_events(_TOOL, monitoring.events.PY_START)
        self._hide_from_dynamo()

    def take(self) -> set[str]:
        """See `lines.Recorder`."""
        found, self._noted = self._noted, set()
        self._spent |= found
        return found

    def again(self, lines: Iterable[str] | None) -> None:
        """See `lines.Recorder`."""
        if lines is None:
            self._spent.clear()
        else:
            self._spent -= set(lines)
        self._monitoring.restart_events()

    def _entered(self, code: CodeType, offset: int) -> Any:
        # A module is executed once in a process.
        if code.co_name != "<module>" and self._files.of_code(code) is not None:
            self._monitoring.set_local_events(_TOOL, code, self._monitoring.events.LINE)
        return self._monitoring.DISABLE

    def _executed(self, code: CodeType, line: int) -> Any:
        text = f"{self._files.name(code.co_filename)}:{line}"
        if text not in self._spent:
            self._noted.add(text)
        return self._monitoring.DISABLE

    def _hide_from_dynamo(self) -> None:
        """Keep Dynamo from compiling the functions that are called in the midst of the user's program."""
        frames: Any = sys.modules.get("torch._dynamo.eval_frame")
        if frames is not None:
            waiting = [
                one.__code__ for one in (self._entered, self._executed, self._files.of_code, self._files.name, is_noise)
            ]
            while waiting:
                code = waiting.pop()
                frames.skip_code(code)
                waiting += [one for one in code.co_consts if isinstance(one, CodeType)]
