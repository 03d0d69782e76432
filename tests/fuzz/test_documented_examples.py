"""The examples of docs/one-program.md, with exactly the commands that stand there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import torch

from tensorsmith.ir.testcase import load
from tensorsmith.oracles.verdict import Verdict

ROOT = Path(__file__).parents[2]
TENSORSMITH = [sys.executable, "-m", "tensorsmith.fuzz"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not torch.__version__.startswith("2.13."), reason="what the examples show was seen in torch 2.13"
    ),
]


def commands(example: str) -> list[list[str]]:
    """The blocks of commands that are about an example, as words."""
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / "docs" / "one-program.md").read_text(), re.DOTALL)
    return [shlex.split(line) for block in blocks if example in block for line in block.splitlines()]


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the documentation where the repository's `docs` is."""
    program = TENSORSMITH if words[0] == "tensorsmith" else [sys.executable]
    ran = subprocess.run([*program, *words[1:]], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran


@pytest.mark.parametrize(
    ("example", "most"), [("loudness.py:features", 65), ("loudness.pt2", 65), ("frames.py:model", 9)]
)
def test_ones_own_program_comes_back_as_few_operators_and_a_report(tmp_path: Path, example: str, most: int) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    lines = commands(example)
    assert lines
    for words in lines:
        run(words, tmp_path)
    out = tmp_path / lines[-1][lines[-1].index("--out") + 1]

    original, reduced = (load(out / name).graph.operators() for name in ("original.json", "testcase.json"))
    assert len(original) >= most
    assert len(reduced) <= 5
    assert "aten.unfold.default" in reduced
    verdict = msgspec.json.decode((out / "verdict.json").read_bytes(), type=Verdict)
    assert (verdict.kind, verdict.channel) == ("wrong-result", "values")
    assert "torch.ops.aten.unfold" in (out / "report.md").read_text()
    alone = subprocess.run([sys.executable, "-I", out / "repro.py"], capture_output=True, text=True, check=False)
    assert alone.returncode == 1, alone.stderr
    assert "reproduced" in alone.stdout
