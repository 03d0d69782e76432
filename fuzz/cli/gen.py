"""`tensorsmith gen`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tensorsmith.corpus.errors import StoreError
from tensorsmith.corpus.files import write_whole
from tensorsmith.ir.errors import EnvironmentLacksError
from tensorsmith.ir.testcase import Device, encode


def gen(
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="How many.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")],
    kind: Annotated[Literal["graph", "tir"], typer.Option(help="The kind of program.")] = "graph",
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal programs.")] = 0,
    size: Annotated[int, typer.Option(min=1, help="Operators of a graph.")] = 8,
    target: Annotated[str, typer.Option(metavar="NAME", help="The target that the test cases name.")] = "inductor",
    device: Annotated[Device, typer.Option(help="The device that the test cases name.")] = "cpu",
) -> None:
    """Write random programs for other tools: each as a test case (.json) and as text (.txt).

    Example: tensorsmith gen 100 --out programs --size 12
    """
    if kind == "tir":
        raise EnvironmentLacksError("--kind tir: this version generates graphs only")

    from tensorsmith.targets.registry import find_target

    find_target(target)
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write_programs(number, out, seed, size, target, device)
    except OSError as error:
        raise StoreError(f"{out}: cannot be written: {error.strerror}") from error
    print(f"{number} programs in {out}")


def _write_programs(number: int, out: Path, seed: int, size: int, target: str, device: Device) -> None:
    from tensorsmith.generators.cases import random_case
    from tensorsmith.ir.text import format_case

    for position in range(number):
        case = random_case(seed + position, target, device, size, {})
        write_whole(out / f"{position:05}.json", encode(case))
        write_whole(out / f"{position:05}.txt", (format_case(case) + "\n").encode())
