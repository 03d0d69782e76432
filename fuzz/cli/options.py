"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tensorsmith.fuzz.budget import parse_bytes, parse_seconds
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.targets.isolation import Limits

CampaignArgument = Annotated[Path, typer.Argument(metavar="DIR", help="The directory of the campaign.")]

CaseArgument = Annotated[
    str,
    typer.Argument(
        metavar="CASE",
        help="A test-case file, the directory of a finding, script.py:name (a function or module of PyTorch with "
        "example_inputs() beside it, or a PrimFunc of TVM), an exported program (.pt2), an ONNX model (.onnx), or with "
        "--campaign the id of a finding.",
    ),
]

InputsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="TYPE",
        help="An input in place of those of example_inputs(), such as 'f32[4, 8]', or a constant, such as 2; once for "
        "each, in order.",
    ),
]

CampaignOption = Annotated[
    Path | None, typer.Option("--campaign", metavar="DIR", help="The campaign whose finding CASE names.")
]

TargetOption = Annotated[
    str | None,
    typer.Option("--target", metavar="NAME", help="The compiler.  [default: the test case's own, or inductor]"),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

TestTimeoutOption = Annotated[
    str | None,
    typer.Option(
        "--test-timeout",
        metavar="TIME",
        help="How long one test may take, such as 60s.  [default: 60s; 5s in campaigns against tvm-tir]",
    ),
]

MemoryOption = Annotated[
    str | None,
    typer.Option("--memory", metavar="AMOUNT", help="Resident memory one test may use, such as 6G.  [default: 6G]"),
]

AnnotationsOption = Annotated[
    bool, typer.Option("--annotations", help="Print workflow commands of GitHub Actions too, one for each new failure.")
]

KnownOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--known",
        metavar="FILE",
        help="A registry of known bugs (docs/ci.md); may be given again. The known.toml of a campaign is read anyway.",
    ),
]

ImportOption = Annotated[
    list[str] | None,
    typer.Option("--import", metavar="MODULE", help="Import a module or .py file first, which may register a backend."),
]


def import_first(modules: Sequence[str]) -> None:
    """Import what `--import` names.

    Raises:
        InvalidInputError: an import fails.
    """
    from tensorsmith.fuzz.fork_server import import_plugin

    for module in modules:
        try:
            import_plugin(module)
        except Exception as error:
            reason = str(error).strip().split("\n")[-1]
            raise InvalidInputError(f"--import {module}: {type(error).__name__}: {reason}") from error


def limits(test_timeout: str | None, memory: str | None) -> Limits:
    """The limits that the options ask for.

    Raises:
        InvalidInputError: an option cannot be read; the message names it.
    """
    default = Limits()
    return Limits(
        default.seconds if test_timeout is None else seconds("--test-timeout", test_timeout),
        default.rss_bytes if memory is None else amount("--memory", memory),
    )


def seconds(option: str, text: str) -> float:
    """The duration that an option gives.

    Raises:
        InvalidInputError: it is none; the message names the option.
    """
    try:
        return parse_seconds(text)
    except InvalidInputError as error:
        raise InvalidInputError(f"{option}: {error}") from None


def amount(option: str, text: str) -> int:
    """The amount of memory, in bytes, that an option gives.

    Raises:
        InvalidInputError: it is none; the message names the option.
    """
    try:
        return parse_bytes(text)
    except InvalidInputError as error:
        raise InvalidInputError(f"{option}: {error}") from None
