"""Ways to show a failure, the most convincing first, and the expressions of a script that go them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tensorsmith.ir.pipeline import Step
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm.passes.defaults import BUILD
from tensorsmith.triage.tir.pass_source import context_source, pass_source, target_source
from tensorsmith.triage.tir.pipeline import explicit


@dataclass(frozen=True)
class Way:
    """A way to show a failure.

    Attributes:
        settings: what TVM is told besides passes.
        passes: what runs before the pass that is to blame.
        guilty: that pass; None where TVM's default is.
        builds: whether what comes of it is compiled and, if there are values to compare, run.
    """

    settings: tuple[Step, ...] = ()
    passes: tuple[Step, ...] = ()
    guilty: Step | None = None
    builds: bool = False


def ways(case: TirCase, verdict: Verdict) -> Iterator[Way]:
    """TVM's default first; then the guilty pass and a compiler after it, then that pass and nothing after it."""
    settings, passes = explicit(case)
    kept = dict.fromkeys(((), settings))
    for some in kept:
        yield Way(some, builds=True)
    if passes[-1] == BUILD and len(passes) > 1 and case.pipeline.steps:
        yield Way(settings, passes[:-1], builds=True)
    places = [place for place, step in enumerate(passes) if step.name == verdict.guilty and step != BUILD]
    if not verdict.guilty and passes[-1] != BUILD:
        places = [len(passes) - 1]
    for builds in (True, False):
        for place in places:
            for some in kept:
                yield Way(some, (), passes[place], builds)
            if place:
                yield Way(settings, passes[:place], passes[place], builds)


def functions(way: Way, runs: bool = False) -> list[str]:
    """The functions that the expressions below call, and, if it `runs`, the one that compiles and runs a module.

    That one needs `np` and `INPUTS`, a dictionary of arrays and numbers in the order of the parameters.
    """
    found: list[str] = []
    context = context_source(way.settings)
    if way.guilty is not None or way.passes:
        found.append(_BOUND.format(target=target_source(way.settings)))
        if _in_sequence(way, way.passes) or _in_sequence(way, (way.guilty,)):
            found.append(_APPLIED.format(context=f"    with {context}:\n    " if context else ""))
    if runs:
        found.append(
            _RUN.format(context=f"    with {context}:\n    " if context else "", target=target_source(way.settings))
        )
    return found


def module(way: Way) -> str:
    """An expression: the module that is compiled."""
    if way.guilty is None and not way.passes:
        return 'tvm.IRModule({"main": main})'
    return after(way, before(way)) if way.guilty is not None else before(way)


def before(way: Way) -> str:
    """An expression: the module that the guilty pass takes."""
    return _applied(way, way.passes, "bound(main)")


def after(way: Way, given: str) -> str:
    """An expression: the module that the guilty pass gives for a module."""
    return _applied(way, (way.guilty,) if way.guilty is not None else (), given)


def _applied(way: Way, steps: tuple[Step, ...], given: str) -> str:
    if not steps:
        return given
    made = [pass_source(step) for step in steps]
    return f"applied({given}, [{', '.join(made)}])" if _in_sequence(way, steps) else f"{made[0]}({given})"


def _in_sequence(way: Way, steps: tuple[Step | None, ...]) -> bool:
    # Only within a sequence does TVM look at the level of a pass and at what is disabled.
    return len(steps) > 1 or (len(steps) == 1 and bool(context_source(way.settings)))


def built(way: Way) -> str:
    """A statement that compiles."""
    call = f"tvm.compile({module(way)}, target={target_source(way.settings)})"
    context = context_source(way.settings)
    return f"with {context}:\n            {call}" if context else call


_BOUND = '''def bound(func):
    """The module that passes take: a function with its target."""
    target = tvm.target.Target({target})
    return tvm.tirx.transform.BindTarget(target.with_host(target))(tvm.IRModule({{"main": func}}))'''

_APPLIED = '''def applied(mod, passes):
    """The module after passes."""
{context}    return tvm.transform.Sequential(passes)(mod)'''

_RUN = '''def run(mod):
    """What the buffers hold after the compiled code has run."""
{context}    compiled = tvm.compile(mod, target={target})
    given = [tvm.runtime.tensor(x) if isinstance(x, np.ndarray) else x for x in INPUTS.values()]
    compiled["main"](*given)
    return {{name: x.numpy() for name, x in zip(INPUTS, given) if hasattr(x, "numpy")}}'''
