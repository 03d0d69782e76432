"""Killing parts of a campaign: nothing found is lost, nothing is left behind, and the next run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tensorsmith.fuzz.workforce import Death, Workforce

PLANTED = Path(__file__).parents[1] / "planted" / "planted_backend.py"
FUZZ = [sys.executable, "-m", "tensorsmith.fuzz"]


@contextmanager
def campaign(directory: Path, tests: int) -> Iterator[subprocess.Popen[bytes]]:
    target = ["--target", "torch:planted", "--import", str(PLANTED)]
    budget = ["--tests", str(tests), "--seed", "3", "--workers", "2", "--test-timeout", "3s"]
    process = subprocess.Popen([*FUZZ, "fuzz", str(directory), *target, *budget], stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def status(directory: Path) -> dict[str, int]:
    done = subprocess.run([*FUZZ, "status", str(directory), "--json"], capture_output=True, check=False)
    found: dict[str, int] = json.loads(done.stdout) if done.returncode == 0 else {"tests": 0}
    return found


def findings(directory: Path) -> set[str]:
    return {path.name for path in (directory / "findings").glob("*")}


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process(process.pid).children(recursive=True)
    return found


def workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    (server,) = psutil.Process(process.pid).children()
    found: list[psutil.Process] = server.children()
    return found


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_a_killed_engine_loses_nothing_and_leaves_no_orphans(tmp_path: Path) -> None:
    directory = tmp_path / "campaign"
    with campaign(directory, 100_000) as process:
        assert wait_for(lambda: directory.exists() and len(findings(directory)) > 0, 120)
        relatives = family(process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    before, tests = findings(directory), status(directory)["tests"]
    assert before
    assert wait_for(lambda: not alive(relatives), 20), alive(relatives)

    done = subprocess.run(
        [*FUZZ, "fuzz", str(directory), "--tests", "16"], capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode in (0, 1), done.stderr
    assert status(directory)["tests"] >= tests + 16
    listed = subprocess.run([*FUZZ, "findings", str(directory), "--all", "--json"], capture_output=True, check=True)
    # Provisional findings may have got the name of what they turned out to be; none is gone.
    assert len(json.loads(listed.stdout)) >= 1


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    directory = tmp_path / "campaign"
    with campaign(directory, 100_000) as process:
        assert wait_for(lambda: directory.exists() and status(directory)["tests"] > 0, 120)
        victims = workers(process)
        assert victims
        for victim in victims:
            victim.kill()
        tests = status(directory)["tests"]
        assert wait_for(lambda: status(directory)["tests"] > tests + 32, 120)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) in (0, 1)
        assert b"tests" in (process.stdout.read() if process.stdout else b"")


@pytest.mark.parametrize("noticed_by", ["waiting", "hiring"])
def test_workers_of_a_killed_fork_server_are_told_dead(tmp_path: Path, noticed_by: str) -> None:
    workforce = Workforce(tmp_path, ("aot_eager",), "cpu", (), time_limit=60.0, memory_limit=6 << 30)
    workforce.start()
    try:
        hired = [workforce.hire(), workforce.hire()]
        (server,) = [p for p in psutil.Process().children() if hired[0].pid in {c.pid for c in p.children()}]
        for victim in [*server.children(), server]:
            victim.kill()
        if noticed_by == "waiting":
            assert wait_for(lambda: all(worker.connection.poll() for worker in hired), 20)
        else:
            assert workforce.hire().pid not in {worker.pid for worker in hired}
        told: list[int] = []
        for _ in range(60):
            if len(told) == len(hired):
                break
            told += [event.worker.pid for event in workforce.events(0.5) if isinstance(event, Death)]
        assert sorted(told) == sorted(worker.pid for worker in hired)
        assert len(workforce.workers) == (noticed_by == "hiring")
    finally:
        workforce.close()


def test_a_killed_fork_server_is_replaced(tmp_path: Path) -> None:
    directory = tmp_path / "campaign"
    with campaign(directory, 100_000) as process:
        assert wait_for(lambda: directory.exists() and status(directory)["tests"] > 0, 120)
        (server,) = psutil.Process(process.pid).children()
        server.kill()
        tests = status(directory)["tests"]
        assert wait_for(lambda: status(directory)["tests"] > tests + 32, 120)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) in (0, 1)
