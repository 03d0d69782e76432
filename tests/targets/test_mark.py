"""What a process was at is known when it has died."""

from __future__ import annotations

import os
from pathlib import Path

from tensorsmith.targets.isolation import Died, Limits, run_isolated
from tensorsmith.targets.mark import Mark


def test_a_child_leaves_its_mark() -> None:
    mark = Mark()
    assert mark.read() == ""

    def dies() -> bytes:
        mark.write("a long line that the next is not mixed with")
        mark.write("tirx.Second")
        os.abort()

    assert isinstance(run_isolated(dies, Limits()), Died)
    assert mark.read() == "tirx.Second"


def test_a_mark_with_a_path_is_read_by_whoever_names_it(tmp_path: Path) -> None:
    Mark(tmp_path / "step").write("x" * 1000)
    assert Mark(tmp_path / "step").read() == "x" * 256
    Mark(tmp_path / "step").write("")
    assert Mark(tmp_path / "step").read() == ""
