"""Every command explains itself, and what needs no compiler loads none."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tensorsmith.fuzz.cli import COMMANDS

NAMES = [*(command.__name__ for command in COMMANDS), "ops", "ops learn", "corpus", "corpus distill"]


def test_every_command_of_this_version_is_there(run: Any) -> None:
    ran = run("--help")
    assert ran.code == 0
    listed = {line.split()[0] for line in ran.out.split("Commands:")[1].splitlines() if line.strip()}
    assert listed == {
        "fuzz", "status", "findings", "show", "mark", "merge", "split", "reduce", "bisect", "report", "replay", "gen",
        "ops", "targets", "oracles", "mutators", "cover", "corpus", "check",
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_help_has_an_example(run: Any, name: str) -> None:
    ran = run(*name.split(), "--help")
    assert ran.code == 0
    assert f"Example: tensorsmith {name}" in " ".join(ran.out.split())


@pytest.mark.parametrize(
    "arguments", [["--help"], ["fuzz", "--help"], ["status", "CAMPAIGN"], ["findings", "CAMPAIGN"]]
)
def test_no_compiler_is_loaded(campaign: Path, arguments: list[str]) -> None:
    code = """
import sys
from tensorsmith.fuzz.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print("loaded:", sorted({"torch", "tvm", "onnxruntime", "numpy"} & sys.modules.keys()), end.code)
"""
    given = [str(campaign) if argument == "CAMPAIGN" else argument for argument in arguments]
    done = subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: [] 0"


def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tensorsmith.fuzz", "status", "/nowhere"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: /nowhere: not a campaign directory")
