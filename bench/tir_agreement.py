"""The interpreter of TIR against native code without optimization, and against a second evaluator written for NumPy.

Where native code differs, TVM's default passes are judged one at a time: the first that changes what the program does
explains the difference, and the second evaluator is asked what it makes of the program before and after that pass.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import msgspec

from tensorsmith.generators.tir.func import random_function
from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.oracles.judge import shielded
from tensorsmith.oracles.tir.agreement import disagreement
from tensorsmith.oracles.tir.interpreter import Reference, compile_function
from tensorsmith.oracles.tir.judge import judge_tir
from tensorsmith.oracles.tir.undefined import Undefined, Unsupported
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm import adapter, build
from tensorsmith.targets.tvm.function import TirFunction, to_program
from tensorsmith.targets.tvm.passes.ends import makes_native_code
from tensorsmith.triage.tir.blame import WITH_INTRINSICS
from tensorsmith.triage.tir.evaluator import evaluator_source
from tensorsmith.triage.tir.pipeline import program_after

AGREES, DIFFERS, UNKNOWN = "agrees", "differs", "does not know it"
# What the passes and the code generator are told by `build.build(func, opt_level=0)`.
LEVEL_0 = (Step("opt-level", (("value", 0),)), Step("target", (("kind", "llvm"), ("opt-level", 0))))


class Outcome(msgspec.Struct):
    """What became of a program.

    `native` is how native code compares with the interpreter, `second` how the second evaluator does. Of a difference,
    `explained` says what explains it, if that is known, and `said` what the second evaluator makes of the explanation.
    """

    native: str
    second: str = ""
    reason: str = ""
    explained: str = ""
    said: str = ""


def agree(programs: int, seed: int) -> None:
    """Print how programs do, in native code and by the second evaluator, and what explains those that differ."""
    _outcome(seed)  # imports TVM before the forks
    found = list(enumerate(_outcomes(seed, seed + programs), seed))
    second = Counter(one.second for _, one in found if one.second)
    print("the interpreter and the second evaluator, programs with a result")
    _table(second)
    print("the interpreter and native code without optimization")
    _table(Counter(one.native for _, one in found))
    differ = [(position, one) for position, one in found if one.native == DIFFERS]
    print("what explains those that differ")
    _table(Counter(one.explained or "unexplained" for _, one in differ))
    print("of those that a pass explains, what the second evaluator says of the program before and after the pass")
    _table(Counter(one.said for _, one in differ if one.said))
    print("why programs do not build")
    _table(Counter(one.reason for _, one in found if one.native == "does not build"))
    print("to be read")
    for position, one in found:
        unexplained = one.native == DIFFERS and (not one.explained or one.said == "it sees nothing wrong")
        if one.native == "dies" or one.second.startswith(DIFFERS) or unexplained:
            print(f"  {position}: {one.native}, second evaluator {one.second}: {one.explained} {one.reason} {one.said}")


def _table(counts: Counter[str]) -> None:
    for name, count in counts.most_common():
        print(f"{count:8}  {name}")


def _outcomes(first: int, end: int) -> Iterator[Outcome]:
    """The outcomes of programs, in processes of their own: TVM aborts on some, and another goes on with the next."""
    while first < end:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            with os.fdopen(writing, "wb", buffering=0) as results:
                for seed in range(first, end):
                    results.write(msgspec.json.encode(_outcome(seed)) + b"\n")
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as lines:
            for line in lines:
                yield msgspec.json.decode(line, type=Outcome)
                first += 1
        _, status = os.waitpid(child, 0)
        if status != 0:
            yield Outcome("dies", reason=f"status {status}")
            first += 1


def _outcome(seed: int) -> Outcome:
    func, buffers, scalars = random_function(Random(seed))
    inputs = random_inputs(seed, buffers, scalars, special=0.0)
    if not adapter.is_well_formed(func):
        return Outcome("is ill-formed")
    try:
        reference = compile_function(func)
        expected = reference.run(inputs)
    except (Undefined, Unsupported) as error:
        return Outcome(f"{type(error).__name__}: {error}")
    second = _compared(reference, expected, _second_opinion([func], inputs), func)
    try:
        built = build.build(func, opt_level=0)
    except Exception as error:  # any of TVM's errors is counted
        return Outcome("does not build", second, _normalized(adapter.first_line(error)))
    difference = disagreement(expected, build.run(built, inputs), reference.inexact)
    if difference is None:
        return Outcome(AGREES, second)
    program = to_program(TirFunction(func, buffers, scalars))
    case = TirCase(program, "tvm-tir", TirRecipe((seed,), 0.0), pipeline=Pipeline(LEVEL_0))
    verdict = _judged(case)
    explained = _explained(verdict)
    said = _said_of(case, verdict, reference, expected, inputs) if explained and verdict.outcome == "fail" else ""
    return Outcome(DIFFERS, second, f"{difference}; {verdict.message}", explained, said)


def _judged(case: TirCase) -> Verdict:
    """The verdict on the default passes one at a time, with `LowerIntrin`, which comes when nothing is compared."""
    verdict = shielded(lambda: judge_tir(case))
    if not makes_native_code(verdict.guilty):
        return verdict
    steps = (*case.pipeline.steps, *WITH_INTRINSICS)
    again = shielded(lambda: judge_tir(msgspec.structs.replace(case, pipeline=Pipeline(steps))))
    return again if again.outcome == "fail" else verdict


def _explained(verdict: Verdict) -> str:
    """What explains a difference, by the verdict on the default passes one at a time; empty if it does not."""
    if verdict.outcome == "pass":
        return "rounding"
    if verdict.outcome != "fail" or (makes_native_code(verdict.guilty) and verdict.channel != "nan-algebra"):
        return ""
    channel = " (NaN algebra)" if verdict.channel == "nan-algebra" else ""
    return f"a bug of TVM shows: {verdict.guilty}: {verdict.kind}{channel}"


def _said_of(
    case: TirCase, verdict: Verdict, reference: Reference, expected: dict[str, Any], inputs: dict[str, Any]
) -> str:
    """Whether the second evaluator sees, too, that the guilty pass changes what the program does."""
    if verdict.kind != "wrong-result" or makes_native_code(verdict.guilty):
        return "nothing to run"
    place = [step.name for step in WITH_INTRINSICS].index(verdict.guilty)
    stages = [program_after(case, WITH_INTRINSICS[:end]) for end in (place, place + 1)]
    funcs = [one.func for one in stages if one is not None]
    evaluate = _second_opinion(funcs, inputs)
    before, after = (_compared(reference, expected, evaluate, func) for func in funcs)
    if UNKNOWN in (before, after):
        return UNKNOWN
    if before != AGREES:
        return f"before the pass it {before}"
    return "it sees nothing wrong" if after == AGREES else "it sees it, too"


def _second_opinion(funcs: list[Any], inputs: dict[str, Any]) -> Callable[[Any], dict[str, Any]] | None:
    """What runs modules of these functions on the inputs, in NumPy's terms; None if it does not know them."""
    source = evaluator_source(funcs)
    if source is None:
        return None
    names: dict[str, Any] = {"INPUTS": inputs}
    exec("import math\nimport numpy as np\n" + source, names)
    return names["evaluate"]  # type: ignore[no-any-return]


def _compared(
    reference: Reference, expected: dict[str, Any], evaluate: Callable[[Any], dict[str, Any]] | None, func: Any
) -> str:
    if evaluate is None:
        return UNKNOWN
    try:
        found = evaluate(adapter.module(func))
    except NotImplementedError:
        return UNKNOWN
    except (AssertionError, ZeroDivisionError) as error:
        return f"{DIFFERS}: undefined: {_normalized(str(error))}"
    difference = disagreement(expected, found, reference.inexact)
    return AGREES if difference is None else f"{DIFFERS}: {difference}"


def _normalized(message: str) -> str:
    """The first line of a message, without numbers and addresses; of TVM's checks, what was checked."""
    line = message.partition("\n")[0].partition(" is false")[0]
    return re.sub(r"0x[0-9a-f]+|-?\b\d[\d.e+-]*\b", "N", line)[:140]
