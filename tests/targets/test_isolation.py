"""Whether hostile code is contained, and its death told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil

from tensorsmith.targets.isolation import Completed, Died, Limits, run_isolated


def test_a_result_comes_back() -> None:
    result = run_isolated(lambda: b"x" * 300_000, Limits())
    assert isinstance(result, Completed)
    assert len(result.payload) == 300_000


def test_a_signal_is_told_with_the_stack() -> None:
    def segfault() -> bytes:
        os.kill(os.getpid(), signal.SIGSEGV)
        return b""

    result = run_isolated(segfault, Limits())
    assert isinstance(result, Died)
    assert (result.cause, result.signal) == ("signal", signal.SIGSEGV)
    assert "in segfault" in result.detail


def test_a_hang_ends_at_its_limit_and_tells_its_stack() -> None:
    def spin() -> bytes:
        while True:
            pass

    result = run_isolated(spin, Limits(seconds=0.5))
    assert isinstance(result, Died)
    assert result.cause == "hang"
    assert "in spin" in result.detail


def test_a_run_that_is_kept_from_the_cpu_is_no_hang() -> None:
    def starve() -> bytes:
        while time.process_time() < 0.3:  # of this child
            burst = time.process_time() + 0.01
            while time.process_time() < burst:
                pass
            time.sleep(0.03)
        return b"done"

    result = run_isolated(starve, Limits(seconds=1.0))
    assert isinstance(result, Completed)
    assert result.seconds > 1.0


def test_a_run_that_waits_for_nothing_is_a_hang() -> None:
    def work_and_wait() -> bytes:
        while time.process_time() < 0.3:  # of this child
            pass
        time.sleep(3600)
        return b""

    result = run_isolated(work_and_wait, Limits(seconds=1.0))
    assert isinstance(result, Died)
    assert result.cause == "hang"
    assert "in work_and_wait" in result.detail


def test_memory_is_limited() -> None:
    def eat() -> bytes:
        kept = []
        while True:
            kept.append(bytearray(os.urandom(1 << 20)) * 32)

    result = run_isolated(eat, Limits(seconds=60, rss_bytes=1 << 30))
    assert isinstance(result, Died)
    assert result.cause == "memory"


def test_an_exception_is_an_exit_with_its_traceback() -> None:
    result = run_isolated(lambda: bytes(1 // 0), Limits())
    assert isinstance(result, Died)
    assert result.cause == "exit"
    assert "ZeroDivisionError" in result.detail


def test_what_the_child_started_dies_with_it() -> None:
    def leave_a_child() -> bytes:
        child = subprocess.Popen(["sleep", "300"])
        return str(child.pid).encode()

    result = run_isolated(leave_a_child, Limits())
    assert isinstance(result, Completed)
    pid = int(result.payload)
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    raise AssertionError("the child of the child is still there")


INTERRUPTED_WHILE_FORKING = """
import os, signal
from tensorsmith.targets.isolation import Limits, run_isolated

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):  # long enough for Python to notice
        pass

os.register_at_fork(after_in_parent=interrupt)
try:
    run_isolated(lambda: b"done", Limits(seconds=30.0))
except KeyboardInterrupt:
    print("interrupted")
else:
    print("went on")
"""


def test_an_interrupt_while_it_forks_is_not_lost() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_FORKING], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("interrupted\n", 0), done.stderr
