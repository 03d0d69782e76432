"""Running hostile code: in a forked child with a time limit and a memory limit, whose death is an answer."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import Literal

import msgspec
import psutil

POLL_SECONDS = 0.05
BUSY_TIMES = 3.0
# A run that used so much of its time limit as CPU time was not kept from the CPU, and one that used less of the last
# seconds waits for something else.
_HAD_SHARE = 0.8
_WAITS_SHARE = 0.05
_WAITS_SECONDS = 0.5
# How long a child that hangs may take to write its stack.
STACK_SECONDS = 0.2
_PR_SET_PDEATHSIG = 1


class Limits(msgspec.Struct, frozen=True):
    """What one run may use: wall time in seconds and resident memory in bytes, its own children included.

    On a busy machine a run that gets on, and has not had the CPU for so long, may take BUSY_TIMES as much wall time.
    """

    seconds: float = 60.0
    rss_bytes: int = 6 << 30


class Completed(msgspec.Struct, frozen=True):
    """The child ended well and said this."""

    payload: bytes
    seconds: float


class Died(msgspec.Struct, frozen=True):
    """The child did not end well. `detail` is the tail of its standard error, with the stacks of faulthandler."""

    cause: Literal["signal", "hang", "memory", "exit"]
    signal: int
    detail: str
    seconds: float


def run_isolated(function: Callable[[], bytes], limits: Limits) -> Completed | Died:
    """Run a function in a forked child of this process and return what it returned, or how it died.

    The caller must hold no threads that the child needs. An exception in the child counts as `exit`, with its
    traceback as the detail.
    """
    reader, writer = os.pipe()
    with tempfile.TemporaryFile() as stderr:
        started = time.monotonic()
        # What a handler raises while Python forks is dropped: an interrupt waits for what is after it.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _child(function, writer, stderr.fileno())
        os.close(writer)
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            payload, cause = _watch(pid, reader, limits, started)
        except BaseException:
            kill_group(pid)
            os.waitpid(pid, 0)
            raise
        finally:
            os.close(reader)
        _, status = os.waitpid(pid, 0)
        kill_group(pid)  # whatever it started and left behind
        seconds = time.monotonic() - started
        stderr.seek(0, os.SEEK_END)
        stderr.seek(max(0, stderr.tell() - 16384))
        detail = stderr.read().decode(errors="replace")
    if cause is not None:
        return Died(cause, 0, detail, seconds)
    if os.WIFSIGNALED(status):
        return Died("signal", os.WTERMSIG(status), detail, seconds)
    if os.WEXITSTATUS(status) != 0:
        return Died("exit", 0, detail, seconds)
    return Completed(payload, seconds)


def become_sandbox(stderr_fd: int) -> None:
    """Make this process one that can be killed with all that it starts, dies with its parent and tells its stack."""
    os.setsid()
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the engine's to handle
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(stderr_fd, 2)
    # Anew, because a compiler may have put a handler of its own over one that was there.
    faulthandler.disable()
    faulthandler.enable(2)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def tree_rss(pid: int) -> int:
    """Resident memory in bytes of a process and all its descendants; 0 if it is gone."""
    total = 0
    for member in _family(pid):
        with contextlib.suppress(psutil.Error):
            total += member.memory_info().rss
    return total


def tree_cpu(pid: int) -> float:
    """CPU seconds that a process and all its descendants used, those included that it has waited for."""
    total = 0.0
    for member in _family(pid):
        with contextlib.suppress(psutil.Error):
            times = member.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def kill_group(pid: int) -> None:
    """Kill a process that became a sandbox, with everything in its process group; nothing if it is gone."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _child(function: Callable[[], bytes], writer: int, stderr_fd: int) -> None:
    status = 1
    try:
        become_sandbox(stderr_fd)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # ignored from here on
        payload = function()
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(payload)
        status = 0
    except BaseException:
        # Not through sys.stderr, which a test runner or a caller may have replaced.
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def _watch(pid: int, reader: int, limits: Limits, started: float) -> tuple[bytes, Literal["hang", "memory"] | None]:
    chunks: list[bytes] = []
    progress = _Progress(pid, limits.seconds)
    next_look = started
    while True:
        ready, _, _ = select.select([reader], [], [], POLL_SECONDS)
        if ready:
            chunk = os.read(reader, 1 << 16)
            if not chunk:
                return b"".join(chunks), None
            chunks.append(chunk)
        now = time.monotonic()
        if progress.is_over(now - started):
            _stop(pid)
            return b"", "hang"
        if now >= next_look:
            if tree_rss(pid) > limits.rss_bytes:
                kill_group(pid)
                return b"", "memory"
            next_look = now + POLL_SECONDS


class _Progress:
    """How a run gets on that has `seconds`."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid = pid
        self._seconds = seconds
        # Wall time and CPU time, from shortly before the end on.
        self._looks: list[tuple[float, float]] = []

    def is_over(self, wall: float) -> bool:
        """Whether its time is up, so many seconds after its start."""
        if wall < self._seconds - 2 * _WAITS_SECONDS:
            return False
        spent = tree_cpu(self._pid)
        self._looks.append((wall, spent))
        if wall <= self._seconds:
            return False
        if wall > BUSY_TIMES * self._seconds or spent > _HAD_SHARE * self._seconds:
            return True
        before, had = next((look for look in reversed(self._looks) if look[0] <= wall - _WAITS_SECONDS), (0.0, 0.0))
        return spent - had < _WAITS_SHARE * (wall - before)


def _stop(pid: int) -> None:
    """Ask for the stack first: SIGABRT makes faulthandler write it."""
    try:
        os.kill(pid, signal.SIGABRT)
    except ProcessLookupError:
        return
    end = time.monotonic() + STACK_SECONDS
    while time.monotonic() < end and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.005)
    kill_group(pid)
