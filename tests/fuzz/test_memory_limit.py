"""A compilation that eats memory is stopped at its limit and recorded."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from tests.fuzz.test_killing import FUZZ, PLANTED, wait_for


def recorded(directory: Path) -> list[dict[str, str]]:
    done = subprocess.run(
        [*FUZZ, "findings", str(directory), "--all", "--json"], capture_output=True, text=True, check=False
    )
    found: list[dict[str, str]] = json.loads(done.stdout) if done.returncode == 0 else []
    return found


def test_a_compile_that_eats_memory_is_recorded(tmp_path: Path) -> None:
    directory = tmp_path / "campaign"
    target = ["--target", "torch:hungry", "--import", str(PLANTED)]
    limits = ["--memory", "2G", "--workers", "1", "--tests", "1000"]
    process = subprocess.Popen([sys.executable, *FUZZ[1:], "fuzz", str(directory), *target, *limits])
    try:
        assert wait_for(lambda: any(f["kind"] == "memory" for f in recorded(directory)), 120)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) in (0, 1)
    finally:
        process.kill()
        process.wait()
