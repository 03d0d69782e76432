"""The crash oracle: what it means that the process that compiled and ran a test case did not end well."""

from __future__ import annotations

import re
import signal
from pathlib import PurePath

from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Died

NAME = "crash"


def died(death: Died, packages: tuple[str, ...] = (), guilty: str = "") -> Verdict:
    """The verdict on a death: a crash, a hang, or memory without end.

    Args:
        death: how the process ended.
        packages: the compiler's.
        guilty: the step of the pipeline that it was at, where that is known.
    """
    frames = frames_of(death.detail, packages)
    evidence = (("stderr", death.detail[-6000:]),)
    if death.cause == "hang":
        message = "compiling or running did not end within its time limit"
        return Verdict("fail", NAME, kind="hang", guilty=guilty, message=message, frames=frames, evidence=evidence)
    if death.cause == "memory":
        message = "compiling or running went over its memory limit"
        return Verdict("fail", NAME, kind="memory", guilty=guilty, message=message, frames=frames, evidence=evidence)
    name = signal.Signals(death.signal).name if death.signal else "exit"
    message = f"the process died: {name}"
    return Verdict("fail", NAME, kind="crash", guilty=guilty, message=message, frames=frames, evidence=evidence)


def frames_of(stack: str, packages: tuple[str, ...]) -> tuple[str, ...]:
    """The innermost three frames of the compiler in a stack that faulthandler wrote, innermost last."""
    places = tuple(package.replace(".", "/") + "/" for package in packages)
    found = [
        f"{PurePath(path).name}:{function}"
        for path, function in re.findall(r'File "([^"]+)", line \d+ in (\S+)', stack)
        if any(place in path for place in places)
    ]
    return tuple(reversed(found[:3]))
