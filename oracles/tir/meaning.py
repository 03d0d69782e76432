"""What a program of TIR does, by the interpreter, and whether what was made of it does the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.ir.pipeline import Step
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.tir.differences import Run, between
from tensorsmith.oracles.tir.errors import NAME
from tensorsmith.oracles.tir.interpreter import Reference, compile_function
from tensorsmith.oracles.tir.undefined import Undefined, Unsupported
from tensorsmith.oracles.verdict import Verdict, invalid
from tensorsmith.targets.tvm import adapter

# Keeps values between operations of bfloat16 in float32, as it should.
WIDENS = Step("tirx.BF16ComputeLegalize")


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


def widened(meaning: Meaning, reference: Reference) -> Meaning | None:
    """What a program means where values of bfloat16 are kept as float32.

    More or less rounding may decide a comparison, an index or a cast to an integer. Inputs on which that leads to what
    is undefined are left out; None if none are left.

    Args:
        meaning: where they are rounded every time.
        reference: the program with float32 in their place.
    """
    inputs, results = [], []
    for given in meaning.inputs:
        try:
            results.append(reference.run(given))
        except Undefined:
            continue
        inputs.append(given)
    return Meaning(reference, tuple(inputs), tuple(results)) if results else None


def wrong_widening(meaning: Meaning, reference: Reference, oracle: str, guilty: str, where: str) -> Verdict | None:
    """The verdict if a program with float32 in the place of bfloat16 does not do what the program before does when that
    keeps values as float32 until parameters take them, or nearly so; the arguments are as for `wrong_meaning`."""
    expected = widened(meaning, meaning.reference.with_excess())
    return None if expected is None else wrong_meaning(expected, reference.run, reference, oracle, guilty, where)


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
