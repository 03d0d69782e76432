"""NNSmith as a peer: its environment, made when it is missing, and the graphs that its generator makes there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

import torch

from programs import Call, Made, Measured, Program

VERSION = "0.1.0"
HERE = Path(__file__).parent
ENVIRONMENT = HERE / ".nnsmith-venv"


class PeerError(Exception):
    """NNSmith cannot be installed or does not run."""


def measure_nnsmith(count: int, size: int, seed: int) -> Measured:
    """Graphs of so many operators from NNSmith's generator, made in one process of one thread.

    Raises:
        PeerError: its environment cannot be made, or the generator fails.
    """
    python = environment()
    variables = os.environ | {
        "OMP_NUM_THREADS": "1",
        # NNSmith keeps there what it has found out about dtypes.
        "XDG_CACHE_HOME": str(ENVIRONMENT / "cache"),
    }
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "graphs.jsonl"
        driver = [str(python), "-I", str(HERE / "nnsmith_driver.py")]
        _run([*driver, f"--graphs={count}", f"--size={size}", f"--seed={seed}", f"--out={out}"], variables)
        lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return Measured(
        made=[Made(_program(line), line["generate_s"], line["evaluate_s"], line["problem"]) for line in lines],
        attempts=[line["attempts"] for line in lines],
    )


def environment() -> Path:
    """The interpreter of an environment with NNSmith and the torch that runs here; made unless it is there.

    torch is installed first, so that its build is the one that pip is set up to find and not the resolver's.

    Raises:
        PeerError: it cannot be made.
    """
    wanted = [f"torch=={torch.__version__.partition('+')[0]}", f"nnsmith[torch,onnx]=={VERSION}"]
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8").split() == wanted:
        return python
    print("making an environment for NNSmith, which takes a minute or more", file=sys.stderr)
    try:
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PeerError(f"no environment: {error}") from error
    for requirement in wanted:
        _run([str(python), "-m", "pip", "install", "--quiet", "--no-input", requirement], dict(os.environ))
    stamp.write_text("\n".join(wanted), encoding="utf-8")
    return python


def _run(command: list[str], variables: dict[str, str]) -> None:
    done = subprocess.run(
        command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        raise PeerError(f"`{Path(command[2]).name} {' '.join(command[3:])}` exits with {done.returncode}")


def _program(line: dict[str, Any]) -> Program:
    return Program(
        calls=tuple(Call(c["op"], c["attributes"], tuple(c["reads"]), tuple(c["results"])) for c in line["calls"]),
        types={name: (dtype, tuple(shape)) for name, (dtype, shape) in line["types"].items()},
    )
