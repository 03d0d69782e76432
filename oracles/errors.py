"""What the compiler raised: a bug, or its word that something is not supported."""

from __future__ import annotations

import re
import traceback
from pathlib import Path, PurePath
from types import CodeType

from tensorsmith.oracles.readable_traceback import readable_traceback
from tensorsmith.oracles.tir.errors import PLUMBING, plain_name
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.api import Target
from tensorsmith.targets.tvm.relax.ways import FRONTEND

# Types by which torch says that it does not do something; the data-dependent ones are its word that a program whose
# shapes or control flow depend on values cannot be captured.
_UNSUPPORTED_TYPES = (
    "Unsupported",
    "NotImplementedError",
    "UnsupportedOperatorException",
    "UnsupportedFakeTensorException",
    "MissingOperatorWithoutDecomp",
    "DataDependentOutputException",
    "DynamicOutputShapeException",
    "GuardOnDataDependentSymNode",
    "UserError",
)
# What lies below these says less than they do: for a C++ error, the compiler's whole command line.
_TELLING_TYPES = ("CppCompileError",)
_UNSUPPORTED_WORDS = re.compile(
    r"\b(not (yet |currently )?(supported|implemented)|unsupported|supports? only|only supports?|missing operator"
    r"|banned)\b",
    re.I,
)

# What Dynamo says under a headline that is the same for all of them.
_REJECTED = re.compile(
    r"failed to run FX node with fake tensors: \w+ (?P<op>[\w.:<> ]+)\(.*: got (?P<error>.*?)(\\n|$)", re.M
)

# Where tensorsmith's own files are.
_OWN = f"{Path(__file__).parents[1]}/"

# The fault of the C++ compiler that is installed, not of the compiler under test.
_HOST_COMPILER_FAULT = re.compile(r"internal compiler error: .*")


def failed_with(oracle: str, error: BaseException, target: Target) -> Verdict:
    """The verdict on an exception that a compiler raised on a program that eager runs."""
    inner = innermost(error)
    name = f"{type(inner).__module__}.{type(inner).__qualname__}".removeprefix("builtins.")
    message = telling_line(str(inner))
    ice = _HOST_COMPILER_FAULT.search(str(inner))
    if ice is not None:
        return Verdict("limitation", oracle, reason="the C++ compiler itself failed", message=ice.group(0))
    if type(inner).__name__ in _UNSUPPORTED_TYPES or _UNSUPPORTED_WORDS.search(message):
        return Verdict("limitation", oracle, reason=f"{name}: {message[:200]}", message=message)
    return Verdict(
        "fail",
        oracle,
        kind="error",
        message=message,
        exception=name,
        frames=compiler_frames(error, target.packages),
        evidence=(("traceback", readable_traceback(error)),),
    )


def innermost(error: BaseException) -> BaseException:
    """The exception that was first, below those that wrap it."""
    seen = {id(error)}
    while type(error).__name__ not in _TELLING_TYPES:
        below = getattr(error, "inner_exception", None) or error.__cause__
        if not isinstance(below, BaseException) or id(below) in seen:
            return error
        seen.add(id(below))
        error = below
    return error


def telling_line(text: str) -> str:
    """The line of a message that says what is wrong: for a C++ compiler its first error, for Dynamo what it says that
    it got, else the first line."""
    rejected = _REJECTED.search(text)
    if rejected is not None:
        return f"fake tensors reject {rejected['op']}: {rejected['error']}"
    found = re.search(r"error: .*", text)
    if found is not None:
        return found.group(0).strip()
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if not lines:
        return ""
    return " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]


def compiler_frames(error: BaseException, packages: tuple[str, ...]) -> tuple[str, ...]:
    """The last three frames of the innermost exception that lie in the compiler, as `file.py:function`.

    If it rose in a frontend, below a function for an operator, that function is among them, as the first.
    """
    places = tuple(package.replace(".", "/") + "/" for package in packages)
    frames: list[str] = []
    for exception in (innermost(error), error):
        found = (_compiler_frame(frame.f_code, places) for frame, _ in traceback.walk_tb(exception.__traceback__))
        frames += [frame for frame in found if frame]
        if frames:
            break
    translating = [place for place, frame in enumerate(frames) if FRONTEND.match(frame)]
    if translating and translating[-1] < len(frames) - 3:
        return (frames[translating[-1]], *frames[-2:])
    return tuple(frames[-3:])


def frontend_function(code: CodeType) -> str:
    """A function of TVM's importer as `file.py:function`, with those that it is defined in; empty for others."""
    name = f"{PurePath(code.co_filename).name}:{code.co_qualname.split('.', 1)[-1]}"
    return name if FRONTEND.match(name) else ""


def _compiler_frame(code: CodeType, places: tuple[str, ...]) -> str:
    """A frame of the compiler's, in Python or in C++, which TVM adds to tracebacks; empty for others."""
    path, name = code.co_filename, PurePath(code.co_filename).name
    if path.startswith(_OWN) and "site-packages" not in path.removeprefix(_OWN):
        return ""
    if name.endswith((".cc", ".h")):
        return "" if PLUMBING.search(code.co_name) else f"{name}:{plain_name(code.co_name)}"
    if not any(place in path for place in places):
        return ""
    return frontend_function(code) or f"{name}:{code.co_name}"
