"""Stand-alone scripts of a finding in TIR: they import TVM and NumPy only; the exit code says whether it is there.

1: it is there. 0: it is not. 2: the script says nothing. A script that says 1 prints a line that begins with
`reproduced`, because Python itself exits with 1 when it fails.
"""

from __future__ import annotations

import platform
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.oracles.tir.interpreter import Reference, compile_function
from tensorsmith.oracles.tir.judge import judge_tir
from tensorsmith.oracles.tir.meaning import Meaning, meaning_of
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.tvm.function import to_function
from tensorsmith.targets.tvm.older import in_its_words
from tensorsmith.triage.repro_kinds import START_SECONDS
from tensorsmith.triage.signature import same_failure
from tensorsmith.triage.tir import repro_kinds
from tensorsmith.triage.tir.evaluator import evaluator_source
from tensorsmith.triage.tir.function_source import FunctionSource, function_source
from tensorsmith.triage.tir.literals import values_source
from tensorsmith.triage.tir.pass_source import added_imports
from tensorsmith.triage.tir.pipeline import program_after
from tensorsmith.triage.tir.versions import versions
from tensorsmith.triage.tir.ways import Way, after, before, built, functions, module, ways


def scripts(case: TirCase, verdict: Verdict, limits: Limits | None = None) -> list[str]:
    """Scripts that should show a failure, the most convincing first; the first that does is to be kept.

    Args:
        case: the test case, best reduced.
        verdict: how it fails.
        limits: what a run may use before it counts as a hang, or as memory without end.

    Raises:
        InvalidInputError: the pipeline has a pass that there is not.
        ValueError: the verdict is no failure, or values are wrong of a program that has no defined result.
    """
    if verdict.outcome != "fail" or verdict.kind is None:
        raise ValueError(f"a verdict of {verdict.outcome} has no script")
    source = function_source(to_function(case.program).func)
    makers = {"wrong-result": _wrong_results, "error": _errors, "ill-formed": _ill_formed}
    made = makers[verdict.kind](case, verdict) if verdict.kind in makers else _deaths(case, verdict, limits or Limits())
    return list(dict.fromkeys(_script(case, verdict, source, body) for body in made))


@dataclass(frozen=True)
class _Body:
    """What follows the program: statements and functions, `check` last, and the modules that they need."""

    text: str
    imports: tuple[str, ...] = ()


def _wrong_results(case: TirCase, verdict: Verdict) -> Iterator[_Body]:
    case, inputs, reference = _failing_inputs(case, verdict)
    expected = reference.run(inputs)
    values = f"{values_source('INPUTS', inputs)}\n\n{values_source('EXPECTED', expected)}"
    same = _same(reference, expected)
    found = list(ways(case, verdict))
    for way in found:
        if way.end is not None:
            # Code keeps values of bfloat16 as float32.
            compiled = reference.with_excess().run(inputs) if reference.excess else expected
            given = f"{values_source('INPUTS', inputs)}\n\n{values_source('EXPECTED', compiled)}"
            check = repro_kinds.wrong_result(f"run({module(way)})")
            yield _Body("\n\n\n".join([given, *functions(way, runs=True), same, check]), ("numpy",))
    for way in found:
        if way.guilty is None or way.end is not None:
            continue
        stages = _stages(case, way)
        evaluator = evaluator_source(stages) if stages else None
        if evaluator is not None:
            check = repro_kinds.wrong_meaning(before(way), after(way, "before"), way.guilty.name)
            yield _Body("\n\n\n".join([values, *functions(way), evaluator, same, check]), ("numpy",))


def _errors(case: TirCase, verdict: Verdict) -> Iterator[_Body]:
    for way in ways(case, verdict):
        if way.end is not None and way.guilty is not None:
            continue
        check = repro_kinds.raises(built(way) if way.end is not None else after(way, before(way)), verdict)
        yield _Body("\n\n\n".join([*functions(way), check]))


def _ill_formed(case: TirCase, verdict: Verdict) -> Iterator[_Body]:
    for way in ways(case, verdict):
        if way.guilty is not None and way.end is None:
            check = repro_kinds.ill_formed(before(way), after(way, "before"), way.guilty.name)
            yield _Body("\n\n\n".join([*functions(way), check]))


def _deaths(case: TirCase, verdict: Verdict, limits: Limits) -> Iterator[_Body]:
    """What dies, or does not end; which pass does is known only where the verdict names it, or where it is the last."""
    inputs = _some_inputs(case)
    for way in ways(case, verdict):
        if way.end is not None and way.guilty is not None:
            continue
        runs = way.end is not None and inputs is not None
        parts = functions(way, runs)
        if runs and inputs is not None:
            parts.insert(0, values_source("INPUTS", inputs))
            action = f"run({module(way)})"
        else:
            action = built(way) if way.end is not None else after(way, before(way))
        check = _death(action, verdict, limits)
        used = [name for name in ("resource", "signal") if f"{name}." in check]
        yield _Body("\n\n\n".join([*parts, check]), ("subprocess", *used, *["numpy"] * runs))


def _death(action: str, verdict: Verdict, limits: Limits) -> str:
    if verdict.kind == "hang":
        return repro_kinds.hangs(action, round(START_SECONDS), max(1, round(limits.seconds)))
    if verdict.kind == "memory":
        limit = f"resource.setrlimit(resource.RLIMIT_DATA, ({limits.rss_bytes}, {limits.rss_bytes}))"
        return repro_kinds.dies(action, limit)
    return repro_kinds.dies(action)


def _failing_inputs(case: TirCase, verdict: Verdict) -> tuple[TirCase, dict[str, Any], Reference]:
    """The test case with the one set of inputs on which it fails first, that set, and the program."""
    reference = compile_function(to_function(case.program).func)
    program, recipe = case.program, case.recipe
    singles = [replace(case, recipe=TirRecipe((seed,), recipe.special)) for seed in recipe.seeds]
    for single in singles:
        found = judge_tir(single) if len(singles) > 1 else verdict
        if found.outcome == "fail" and same_failure(verdict, found):
            drawn = random_inputs(single.recipe.seeds[0], program.buffers, program.scalars, recipe.special)
            return single, drawn, reference
    raise ValueError("the test case does not fail on any single set of inputs")


def _some_inputs(case: TirCase) -> dict[str, Any] | None:
    """Inputs on which the program is defined, or None."""
    meaning = meaning_of(case, to_function(case.program).func)
    return meaning.inputs[0] if isinstance(meaning, Meaning) else None


def _stages(case: TirCase, way: Way) -> list[Any]:
    """The program before and after the guilty pass of a way; nothing where a pass raises."""
    under = replace(case, pipeline=replace(case.pipeline, steps=way.settings))
    last = (*way.passes, *((way.guilty,) if way.guilty is not None else ()))
    found = [program_after(under, way.passes), program_after(under, last)]
    return [one.func for one in found if one is not None] if None not in found else []


def _same(reference: Reference, expected: Mapping[str, Any]) -> str:
    if all(array.dtype.kind in "iub" for array in expected.values()):
        return _EXACT
    if reference.rounds or reference.inexact:
        return _CLOSE
    return _EQUAL


def _script(case: TirCase, verdict: Verdict, source: FunctionSource, body: _Body) -> str:
    used = [name for name in ("math", "os", "tempfile") if re.search(rf"\b{name}\.", body.text)]
    standard = sorted({"sys", *body.imports, *used} - {"numpy"})
    numpy = ["import numpy as np"] * ("numpy" in body.imports or "np." in source.text)
    bfloat = ["import ml_dtypes  # NumPy then knows bfloat16"] * ('"bfloat16"' in body.text)
    imports = [
        "\n".join(f"import {name}" for name in standard),
        "\n".join([*bfloat, *numpy, "import tvm", *source.imports, *added_imports(case.pipeline)]),
    ]
    end = 'if __name__ == "__main__":\n    sys.exit(check())'
    parts = ["\n\n".join([_header(case, verdict), *imports]), source.text, body.text, end]
    return in_its_words("\n\n\n".join(parts) + "\n")


def _header(case: TirCase, verdict: Verdict) -> str:
    # The text of a message is not to end or escape the docstring.
    message = verdict.message.replace("\\", "/").replace('"', "'")
    guilty = f" in {verdict.guilty}" if verdict.guilty else ""
    said = textwrap.fill(f"{case.target}: {verdict.kind}{guilty}: {message}"[:300], 100)
    seen = ", ".join(f"{name} {version}" for name, version in versions())
    return (
        f'"""{said}\n\n'
        "Found by a compiler fuzzer (tensorsmith). Exit code 1: the bug is there, 0: it is not, 2: no telling.\n"
        f'{textwrap.fill(f"Seen with {seen}, {platform.system()} {platform.machine()}.", 110)}\n"""'
    )


_EXACT = '''def same(expected, actual):
    """Whether all elements are equal."""
    return np.array_equal(expected, actual)'''

_EQUAL = '''def same(expected, actual):
    """Whether all elements are equal; NaN equals NaN, and zeros have signs."""
    if expected.dtype.kind in "iub":
        return np.array_equal(expected, actual)
    signs = (np.signbit(expected) == np.signbit(actual)) | np.isnan(expected)
    return np.array_equal(expected, actual, equal_nan=True) and signs.all()'''

_CLOSE = '''def same(expected, actual):
    """Whether all elements are equal, floats but for what rounding in another order may make of them."""
    if expected.dtype.kind in "iub":
        return np.array_equal(expected, actual)
    tolerance = {2: 2e-2, 4: 1e-3, 8: 1e-8}[expected.itemsize]
    wide, other = expected.astype("float64"), actual.astype("float64")
    return np.allclose(wide, other, rtol=tolerance, atol=tolerance, equal_nan=True)'''
