"""Test cases from what a person names: files of every kind of `triage/inputs`, and directories of findings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tensorsmith.ir.cases import Case
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.testcase import Device
from tensorsmith.triage.inputs.api import Named
from tensorsmith.triage.inputs.registry import FILE_KINDS

FILE_NAME = "testcase.json"


def load_case(text: str, target: str | None = None, device: Device | None = None, inputs: Sequence[str] = ()) -> Case:
    """The test case that a command-line argument names.

    Args:
        text: the directory of a finding, or a file of one of `FILE_KINDS`, with a colon and a name after a script.
        target: the target to use; None leaves a test-case file's own, and means `inductor` for a program of PyTorch and
            `tvm-tir` for one of TVMScript.
        device: as `target`; None means `cpu` for a program.
        inputs: what takes the place of example inputs, each the type of a tensor or a constant of Python.

    Raises:
        InvalidInputError: it is none of these, or cannot be read.
        GraphError: the program cannot become a test case.
        EnvironmentLacksError: a package that reads such files is not installed.
    """
    path, name = Path(text), ""
    if path.is_dir():
        path = path / FILE_NAME
        if not path.exists():
            raise InvalidInputError(f"{text}: no finding, it has no {FILE_NAME}")
    elif not path.exists() and ":" in text:
        file, name = text.rsplit(":", 1)
        path = Path(file)
    kinds = ", ".join(kind.what for kind in FILE_KINDS)
    kind = next((kind for kind in FILE_KINDS if kind.suffix == path.suffix), None)
    if not path.exists():
        if kind is not None and not name:
            raise InvalidInputError(f"{path}: cannot be read: No such file or directory")
        raise InvalidInputError(f"{text}: no such file; give the directory of a finding, or {kinds}")
    if kind is None or (name and not kind.has_names):
        raise InvalidInputError(f"{text}: neither the directory of a finding, nor {kinds}")
    return kind.load(Named(path, name, tuple(inputs), target, device))
