"""The ways to make native code of a test: at TVM's levels of optimization, from the least lowering, by way of C."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import msgspec

from tensorsmith.ir.cases import Case
from tensorsmith.ir.pipeline import Step
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.targets.tvm.passes.defaults import BUILD, CODEGEN
from tensorsmith.targets.tvm.passes.ends import is_end
from tensorsmith.targets.tvm.passes.legalize import legal_pipeline, with_required
from tensorsmith.targets.tvm.passes.settings import CONFIG, OPT_LEVEL, TARGET, passes_in, settings_in

_LEVELS = (0, 1, 2, 3)
_C = Step(TARGET, (("kind", "c"),))
# The C that TVM writes has no vectors.
_NO_VECTORS = Step(f"{CONFIG}tirx.disable_vectorize", (("value", True),))
_IN_TURN = Step("tirx.VectorizeLoop", (("enable_vectorize", False),))


@dataclass(frozen=True)
class NativeWay:
    """A way.

    Attributes:
        name: in words.
        end: `build` or `codegen`.
        settings: take the place of those that a pipeline has for the same things.
        passes: take the place of those of their names that a pipeline has, or that `end` requires.
    """

    name: str
    end: Step = BUILD
    settings: tuple[Step, ...] = ()
    passes: tuple[Step, ...] = ()


def _levels() -> list[NativeWay]:
    found = []
    for level in _LEVELS:
        target = Step(TARGET, (("kind", "llvm"), ("opt-level", level)))
        found.append(NativeWay(f"level {level} of LLVM", settings=(target,)))
        found.append(NativeWay(f"level {level}", settings=(Step(OPT_LEVEL, (("value", level),)), target)))
    return found


LEAST = NativeWay("least lowering", CODEGEN)

# Groups of ways; of each group as many tests are made.
NATIVE_WAYS: tuple[tuple[NativeWay, ...], ...] = (
    (NativeWay("default"),),
    tuple(_levels()),
    (LEAST,),
    (NativeWay("C", BUILD, (_C, _NO_VECTORS)), NativeWay("C, least lowering", CODEGEN, (_C,), (_IN_TURN,))),
)


def compiled_too(case: Case) -> Case:
    """The test case with native code at the end, made in a way that depends on the case alone, where that is legal.

    Where the passes that have run let no default pipeline follow, the code generator alone may be legal.
    """
    if not isinstance(case, TirCase):
        return case
    rng = Random(case.id)
    chosen = rng.choice(rng.choice(NATIVE_WAYS))
    for way in (chosen, LEAST):
        made = compiled_by(case, way)
        if made is not None:
            return made
    return case


def compiled_by(case: TirCase, way: NativeWay) -> TirCase | None:
    """The test case with native code made in a way, or None where that is not legal."""
    passes = with_required((*passes_in(case.pipeline), way.end))
    instead = {step.name: step for step in way.passes}
    steps = (instead.get(step.name, step) for step in passes)
    pipeline = legal_pipeline((*settings_in(case.pipeline), *way.settings, *steps))
    ends = bool(pipeline.steps) and is_end(pipeline.steps[-1])
    return msgspec.structs.replace(case, pipeline=pipeline) if ends else None
