"""What a machine lacks turns off no more than it must, and workers say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tensorsmith.fuzz.messages import BatchDone, Covered, Origin, RunBatch
from tensorsmith.fuzz.workforce import Heard, Workforce
from tests.fuzz.coverage.test_tir_passes import SIMPLIFY, case_of

pytest.importorskip("tvm")

NO_DECODER = """
import sys
sys.modules["capstone"] = None
"""
NOT_BUILT = """
from tensorsmith.fuzz.coverage.native import breakpoints
breakpoints.extension_path = lambda: None
"""


def watched(tmp_path: Path, lacking: str, observe: bool = True) -> tuple[str, list[Covered]]:
    """What a worker that first runs some code tells: the notice, and what a test covered."""
    plugin, scratch = tmp_path / "lacking.py", tmp_path / "scratch"
    plugin.write_text(lacking)
    scratch.mkdir()
    workforce = Workforce(scratch, ("tvm-tir",), "cpu", (str(plugin),), 60.0, 6 << 30, observe=observe)
    try:
        notice = workforce.start().notice
        worker, told = workforce.hire(), list[Covered]()
        workforce.give(worker, RunBatch((case_of(0, 0, (SIMPLIFY,)),), (Origin(),)))
        while True:
            for event in workforce.events(0.25):
                assert isinstance(event, Heard), event
                if isinstance(event.message, Covered):
                    told.append(event.message)
                if isinstance(event.message, BatchDone):
                    return notice, told
    finally:
        workforce.close()


def test_without_a_decoder_functions_are_observed(tmp_path: Path, own_cache: Path) -> None:
    notice, (told,) = watched(tmp_path, NO_DECODER)
    assert "tvm: coverage of functions, not of blocks: " in notice
    assert "capstone" in notice
    (name,) = told.numbered
    assert "functions" in name
    assert "fired tirx.StmtSimplify" in told.named["tir-passes"]


def test_without_the_extension_the_other_observers_see(tmp_path: Path) -> None:
    notice, (told,) = watched(tmp_path, NOT_BUILT)
    assert "tvm: no native coverage: " in notice
    assert told.numbered == {}
    assert "fired tirx.StmtSimplify" in told.named["tir-passes"]


def test_all_observers_can_be_off(tmp_path: Path) -> None:
    notice, told = watched(tmp_path, "", observe=False)
    assert "coverage" not in notice
    assert not any(one.named or one.numbered for one in told)
