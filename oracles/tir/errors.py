"""What TVM raised in a pass: a bug, its word that something is not supported, or noise of an illegal order."""

from __future__ import annotations

import re
import traceback
from pathlib import PurePath

from tensorsmith.oracles.verdict import Verdict, invalid
from tensorsmith.targets.tvm.passes.noise import noise_reason

NAME = "pass-by-pass"
_UNSUPPORTED = re.compile(r"\b(not (yet |currently )?(supported|implemented)|unsupported|unimplemented)\b", re.I)
# Frames through which every visitor goes.
PLUMBING = re.compile(
    r"DispatchNode|UnchangedOr|ObjectMutator|ffi::Function|RunPass|std::|TVMFFI|_M_invoke|lambda|<unknown>"
)
_TEMPLATE = re.compile(r"<[^<>]*>")
_FRAMES = 3


def failed_in(name: str, error: BaseException, free: bool) -> Verdict:
    """The verdict on what a pass, or the code generator, raised on a program that is well-formed and has a meaning.

    Args:
        name: of the step.
        error: as it was raised.
        free: whether passes are in an order that nobody promises to be legal.
    """
    message = first_line(error)
    reason = noise_reason(error, free)
    if reason is not None or free:
        # Of passes in an order that nobody promises to be legal only the death of the process counts.
        return invalid(NAME, f"noise: {reason or 'an error in a free order'}", message)
    if _UNSUPPORTED.search(message):
        return Verdict("limitation", NAME, reason=f"{name}: {message[:200]}", message=message)
    return Verdict(
        "fail",
        NAME,
        kind="error",
        guilty=name,
        message=message,
        exception=f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins."),
        frames=compiler_frames(error),
        evidence=(("traceback", "".join(traceback.format_exception_only(error))[-3000:]),),
    )


def first_line(error: BaseException) -> str:
    """The line of a message that says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def compiler_frames(error: BaseException) -> tuple[str, ...]:
    """The innermost functions of TVM in a traceback, innermost last, without templates and arguments; of the last
    one the file, too."""
    found: list[str] = []
    for frame in traceback.extract_tb(error.__traceback__):
        plain = plain_name(frame.name)
        if "/src/" in frame.filename or not PLUMBING.search(frame.name):
            file = PurePath(frame.filename).name
            found.append(plain if "<unknown>" in frame.filename else f"{file}:{plain}")
    return tuple(found[-_FRAMES:])


def plain_name(name: str) -> str:
    """`tvm::sym::AnalyzerObj::Bind(tvm::Var const&)` as `AnalyzerObj::Bind`."""
    before = None
    while before != name:
        before, name = name, _TEMPLATE.sub("", name)
    name = name.partition("(")[0].split(" ")[-1]
    return "::".join(name.split("::")[-2:])
