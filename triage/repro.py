"""The stand-alone script of a finding: it imports the frameworks only, and its exit code says whether the bug is
there.

1: it is there. 0: it is not. 2: the script says nothing, because eager fails as well or the compiler fails otherwise.
A script that says 1 also prints a line that begins with `reproduced`, because Python itself exits with 1 when it fails.
"""

from __future__ import annotations

import platform
import textwrap

import torch

from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.entry_points import Entry, entry
from tensorsmith.triage.registrations import registrations
from tensorsmith.triage.repro_kinds import START_SECONDS, body
from tensorsmith.triage.source import DRAW, draws, function_source, inputs_source, needs_draw


def repro_script(case: TestCase, verdict: Verdict, limits: Limits | None = None) -> str:
    """The source of the script.

    Args:
        case: the test case, best reduced.
        verdict: how it fails.
        limits: what a run may use before it counts as a hang, or as memory without end.

    Raises:
        InvalidInputError: nothing says how a script would enter the target.
        ValueError: the verdict is no failure.
    """
    way_in = entry(case)
    main = body(verdict, limits or Limits())
    functions = [function_source(case), inputs_source(case)]
    if needs_draw("\n".join(functions)):
        functions.insert(0, DRAW)
    warm_up = [_warm_up(case, way_in)] if main.timed else []
    functions += [*main.helpers, *warm_up, _run(case, way_in), main.source]
    imports = ["import " + name for name in sorted({*main.imports, "sys"})]
    parts = [
        _header(case, verdict),
        "\n".join([*imports, "", "import torch", *filter(None, (way_in.preamble, registrations(case.graph)))]),
        *functions,
        'if __name__ == "__main__":\n    sys.exit(main())',
    ]
    return "\n\n\n".join(parts).replace('"""\n\n\nimport', '"""\n\nimport', 1) + "\n"


def longest_run(limits: Limits) -> float:
    """Seconds after which a script that was written for these limits will not reproduce anything any more."""
    return 2 * START_SECONDS + limits.seconds


def _header(case: TestCase, verdict: Verdict) -> str:
    # The text of a message is not to end or escape the docstring.
    message = verdict.message.replace("\\", "/").replace('"', "'")
    said = textwrap.fill(f"{case.target}: {verdict.kind}: {message}"[:300], 100)
    return (
        f'"""{said}\n\n'
        "Found by a compiler fuzzer (tensorsmith). Exit code 1: the bug is there, 0: it is not.\n"
        f"Seen with torch {torch.__version__}, Python {platform.python_version()}, {platform.system()} "
        f'{platform.machine()}.\n"""'
    )


def _warm_up(case: TestCase, way_in: Entry) -> str:
    """The source of `warm_up()`, which compiles another function; it is named `fn` for the entry's expression."""
    return "\n".join(
        [
            "def warm_up(fn=lambda x: x + 1):",
            '    """What the first compilation in a process takes is not to count."""',
            "    try:",
            f"        with {_contexts(way_in)}:",
            f"            ({way_in.compile})(torch.ones(2, device={case.device!r}))",
            "    except Exception as error:",
            '        print(f"x + 1 does not compile: {error}", flush=True)',
        ]
    )


def _contexts(way_in: Entry) -> str:
    return "torch.no_grad()" + (f", {way_in.context}" if way_in.context else "")


def _run(case: TestCase, way_in: Entry) -> str:
    """The source of `runs()`, which yields the inputs and outputs of eager and those of the compiled function."""
    lines = [
        "def runs():",
        '    """What eager and the compiled function make of equal inputs: outputs, and inputs after the run."""',
        f"    compiled = {way_in.compile}",
    ]
    indent = "    "
    made = "inputs()"
    if draws(case):
        # Compiled code is called again with other values, as users do.
        lines.append(f"{indent}for shift in (0, 1_000_003):")
        indent += "    "
        made = "inputs(shift)"
    lines += [
        f"{indent}expected_inputs, actual_inputs = {made}, {made}",
        f"{indent}try:",
        f"{indent}    with torch.no_grad():",
        f"{indent}        expected = fn(*expected_inputs)",
        f"{indent}except Exception as error:",
        f'{indent}    print(f"eager fails as well: {{error}}", flush=True)',
        f"{indent}    sys.exit(2)" if not draws(case) else f"{indent}    sys.exit(0 if shift else 2)",
        f'{indent}print("eager: done", flush=True)',
        f"{indent}with {_contexts(way_in)}:",
        f"{indent}    actual = compiled(*actual_inputs)",
        f"{indent}yield expected, actual, expected_inputs, actual_inputs",
    ]
    return "\n".join(lines)
