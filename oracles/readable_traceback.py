"""The traceback of what a compiler raised, as a maintainer wants to read it: without the caller's frames and paths."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

# The last lines say most, and a report is to be read.
LONGEST = 6000

_OWN = str(Path(__file__).resolve().parents[1]) + "/"


def readable_traceback(error: BaseException) -> str:
    """The formatted traceback of an exception and of those below it; installed files by their names in the package."""
    whole = traceback.TracebackException.from_exception(error)
    _leave_out_own(whole, set())
    text = re.sub(r'(File ")[^"\n]*/(?:site|dist)-packages/', r"\1", "".join(whole.format()))
    return text[-LONGEST:]


def _leave_out_own(found: traceback.TracebackException, seen: set[int]) -> None:
    if id(found) in seen:
        return
    seen.add(id(found))
    found.stack = traceback.StackSummary.from_list([f for f in found.stack if not _is_own(f.filename)])
    for below in (found.__cause__, found.__context__):
        if below is not None:
            _leave_out_own(below, seen)


def _is_own(filename: str) -> bool:
    return filename.startswith(_OWN) and "/site-packages/" not in filename.removeprefix(_OWN)
