"""The command line, one command a file. It imports a compiler only when a command needs one."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import typer

from tensorsmith.fuzz.cli.bisect import bisect
from tensorsmith.fuzz.cli.check import check
from tensorsmith.fuzz.cli.corpus import app as corpus
from tensorsmith.fuzz.cli.cover import cover
from tensorsmith.fuzz.cli.findings import findings, mark, show
from tensorsmith.fuzz.cli.fuzz_command import fuzz
from tensorsmith.fuzz.cli.gen import gen
from tensorsmith.fuzz.cli.joining import merge, split
from tensorsmith.fuzz.cli.lists import mutators, oracles, targets
from tensorsmith.fuzz.cli.ops import app as ops
from tensorsmith.fuzz.cli.output import FAULT_EXIT_CODE
from tensorsmith.fuzz.cli.reduce import reduce
from tensorsmith.fuzz.cli.replay import replay
from tensorsmith.fuzz.cli.report import report
from tensorsmith.fuzz.cli.status import status
from tensorsmith.ir.errors import TensorsmithError

COMMANDS = (
    fuzz,
    status,
    cover,
    findings,
    show,
    mark,
    merge,
    split,
    check,
    reduce,
    bisect,
    report,
    replay,
    gen,
    targets,
    oracles,
    mutators,
)

app = typer.Typer(
    help="Fuzz tensor compilers: random programs, compiled and eager, and what differs.\n\n"
    "Exit codes: 0 fine, 1 findings or failures, 2 bad usage or input, 3 this machine cannot,\n"
    "4 the time did not suffice for all of a replay, 70 a fault of tensorsmith.\n\n"
    "Example: tensorsmith fuzz campaigns/first --target inductor --time 10m",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(ops, name="ops")
app.add_typer(corpus, name="corpus")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, on `sys.argv` if no arguments are given, and exit."""
    try:
        app(None if arguments is None else list(arguments), prog_name="tensorsmith")
    except TensorsmithError as error:
        # Compilers write whole paragraphs; this stays one line.
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception:
        # Not 1, which says that there are findings.
        traceback.print_exc()
        sys.exit(FAULT_EXIT_CODE)
