"""`tensorsmith gen`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tensorsmith.corpus.errors import StoreError
from tensorsmith.corpus.files import write_whole
from tensorsmith.ir.cases import encode
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.testcase import Device

_DEFAULT_TARGETS = {"graph": "inductor", "tir": "tvm-tir"}


def gen(
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="How many.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")],
    kind: Annotated[Literal["graph", "tir"], typer.Option(help="The kind of program.")] = "graph",
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal programs.")] = 0,
    size: Annotated[int, typer.Option(min=1, help="Operators of a graph.")] = 8,
    target: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The target that the test cases name.  [default: inductor, or tvm-tir]"),
    ] = None,
    device: Annotated[Device, typer.Option(help="The device that the test cases name.")] = "cpu",
) -> None:
    """Write random programs for other tools: each as a test case (.json) and as text (.txt).

    Example: tensorsmith gen 100 --out programs --size 12
    """
    from tensorsmith.targets.registry import find_target, usable_target

    named = target or _DEFAULT_TARGETS[kind]
    if find_target(named).programs != kind:
        raise InvalidInputError(f"--target {named}: it compiles programs of another kind than --kind {kind}")
    if kind == "tir":
        usable_target(named, device)  # programs of TIR are made of TVM's own objects
    try:
        out.mkdir(parents=True, exist_ok=True)
        for position in range(number):
            if kind == "tir":
                data, text = _tir_program(seed + position, named)
            else:
                data, text = _graph_program(seed + position, size, named, device)
            write_whole(out / f"{position:05}.json", data)
            write_whole(out / f"{position:05}.txt", (text + "\n").encode())
    except OSError as error:
        raise StoreError(f"{out}: cannot be written: {error.strerror}") from error
    print(f"{number} programs in {out}")


def _graph_program(seed: int, size: int, target: str, device: Device) -> tuple[bytes, str]:
    from tensorsmith.generators.cases import random_case
    from tensorsmith.ir.text import format_case

    case = random_case(seed, target, device, size, {})
    return encode(case), format_case(case)


def _tir_program(seed: int, target: str) -> tuple[bytes, str]:
    from tensorsmith.fuzz.make import make_test
    from tensorsmith.fuzz.messages import Slot
    from tensorsmith.ir.tir_case import TirCase
    from tensorsmith.targets.tvm import adapter
    from tensorsmith.targets.tvm.function import from_program

    case, _ = make_test(Slot(seed), target, "cpu", 0, {})
    assert isinstance(case, TirCase)
    return encode(case), adapter.script(from_program(case.program))
