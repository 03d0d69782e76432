"""The workforce: what a worker leaves on the disk goes with it, and every death is told."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tensorsmith.fuzz.workforce import Death, Workforce
from tensorsmith.ir.errors import EnvironmentLacksError


@pytest.fixture
def workforce(tmp_path: Path) -> Iterator[Workforce]:
    workforce = Workforce(tmp_path, ("aot_eager",), "cpu", (), time_limit=60.0, memory_limit=6 << 30)
    workforce.start()
    yield workforce
    workforce.close()


def deaths(workforce: Workforce, number: int) -> list[Death]:
    found: list[Death] = []
    for _ in range(240):
        found += [event for event in workforce.events(0.25) if isinstance(event, Death)]
        if len(found) >= number:
            break
    return found


def left(workforce: Workforce) -> list[Path]:
    """What is on the disk that some worker has made."""
    return [path for path in workforce.scratch.iterdir() if path.name not in ("warm", "fork_server.stderr")]


def test_nothing_is_left_of_a_worker_that_is_let_go_or_dies(workforce: Workforce) -> None:
    dismissed, killed = workforce.hire(), workforce.hire()
    while not all((worker.scratch / "tmp").exists() for worker in (dismissed, killed)):
        assert not list(workforce.events(0.1))
    assert len(left(workforce)) == 2

    workforce.dismiss(dismissed)
    os.kill(killed.pid, signal.SIGKILL)
    (death,) = deaths(workforce, 1)
    assert (death.worker, death.signal) == (killed, signal.SIGKILL)
    for _ in range(240):
        if left(workforce):
            assert not list(workforce.events(0.25))
    assert left(workforce) == []


def test_an_import_that_ends_the_fork_server_is_told(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text("import os\nos.write(2, b'one\\ntwo words\\n')\nos._exit(4)\n")
    workforce = Workforce(tmp_path, ("aot_eager",), "cpu", (str(tmp_path / "ends.py"),), 60.0, 6 << 30)
    with pytest.raises(EnvironmentLacksError, match=r"compilers died: one; two words$"):
        workforce.start()
    workforce.close()
