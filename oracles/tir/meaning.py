"""What a program of TIR does, by the interpreter, and whether what was made of it does the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.tir.differences import Run, between
from tensorsmith.oracles.tir.errors import NAME
from tensorsmith.oracles.tir.interpreter import Reference, compile_function
from tensorsmith.oracles.tir.undefined import Undefined, Unsupported
from tensorsmith.oracles.verdict import Verdict, invalid
from tensorsmith.targets.tvm import adapter


@dataclass(frozen=True)
class Meaning:
    """What a program does: the reference, and its results for each set of inputs."""

    reference: Reference
    inputs: tuple[dict[str, Any], ...]
    results: tuple[dict[str, Any], ...]


def meaning_of(case: TirCase, func: Any) -> Meaning | Verdict:
    """What the program of a test case does with those sets of inputs on which it is defined; or why it is invalid.

    Args:
        case: whose inputs are drawn.
        func: its program, as TVM holds it.
    """
    if not adapter.is_well_formed(func):
        return invalid(NAME, "ill-formed", "TVM's verifier rejects the program")
    try:
        reference = compile_function(func)
    except Unsupported as error:
        return invalid(NAME, f"not-interpreted: {error.args[0]}")
    inputs, results, reason = [], [], ""
    for seed in case.recipe.seeds:
        drawn = random_inputs(seed, case.program.buffers, case.program.scalars, case.recipe.special)
        try:
            results.append(reference.run(drawn))
        except Undefined as error:
            reason = str(error.args[0])
        else:
            inputs.append(drawn)
    if not results:
        return invalid(NAME, f"undefined: {reason}", "the program's result is undefined")
    return Meaning(reference, tuple(inputs), tuple(results))


def wrong_meaning(
    meaning: Meaning, run: Run, after: Reference | None, oracle: str, guilty: str, where: str
) -> Verdict | None:
    """The verdict if what was made of a program does something else, None if it does the same.

    Args:
        meaning: of the program.
        run: runs what was made of it.
        after: what was made of it; None for native code.
        oracle: that gives the verdict.
        guilty: the step that made it.
        where: what the difference is said of, such as `after tirx.StmtSimplify`.
    """
    for inputs, expected in zip(meaning.inputs, meaning.results, strict=True):
        found = between(meaning.reference, expected, run, after, inputs)
        if found is not None:
            return Verdict(
                "fail", oracle, kind="wrong-result", channel=found.channel, guilty=guilty,
                message=f"{where} {found.text}", evidence=(("difference", found.text),),
            )  # fmt: skip
    return None
