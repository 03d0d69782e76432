"""Ways to show a failure, the most convincing first, and the expressions of a script that go them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import DEATHS, Verdict
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.c_source import OPTIONS, compiler
from tensorsmith.targets.tvm.passes.catalog import added_make
from tensorsmith.targets.tvm.passes.defaults import BUILD, CODEGEN
from tensorsmith.targets.tvm.passes.ends import is_end
from tensorsmith.targets.tvm.passes.schedule import is_schedule
from tensorsmith.targets.tvm.passes.settings import settings_of
from tensorsmith.triage.tir.pass_source import context_source, pass_source, target_source
from tensorsmith.triage.tir.pipeline import explicit, program_after
from tensorsmith.triage.tir.reductions.api import attempted


@dataclass(frozen=True)
class Way:
    """A way to show a failure.

    Attributes:
        settings: what TVM is told besides passes.
        passes: what runs before the pass that is to blame.
        guilty: that pass; None where TVM's default is.
        end: `build` or `codegen` if what comes of it is made native code and, if there are values to compare, run.
        sources: expressions of the passes, and of the guilty one last; empty where a pass does not apply.
    """

    settings: tuple[Step, ...] = ()
    passes: tuple[Step, ...] = ()
    guilty: Step | None = None
    end: Step | None = None
    sources: tuple[str, ...] = ()


def ways(case: TirCase, verdict: Verdict) -> Iterator[Way]:
    """TVM's default first, which has no passes of other packages; then the guilty pass and a compiler after it, then
    that pass and nothing after it."""
    settings, passes = explicit(case)
    kept = dict.fromkeys(((), settings))
    # This process is not to die of it.
    deadly = verdict.guilty if verdict.kind in DEATHS else ""
    if added_make(verdict.guilty) is None:
        for some in kept:
            yield Way(some, end=BUILD)
    if is_end(passes[-1]) and len(passes) > 1 and case.pipeline.steps:
        yield Way(settings, passes[:-1], end=passes[-1], sources=_sources(case, settings, passes[:-1], deadly))
    places = [place for place, step in enumerate(passes) if step.name == verdict.guilty and not is_end(step)]
    if not verdict.guilty and not is_end(passes[-1]):
        places = [len(passes) - 1]
    for end in (BUILD, None):
        for place in places:
            for some in kept:
                yield Way(some, (), passes[place], end, _sources(case, some, passes[place : place + 1], deadly))
            if place:
                sources = _sources(case, settings, passes[: place + 1], deadly)
                yield Way(settings, passes[:place], passes[place], end, sources)


def _sources(case: TirCase, settings: tuple[Step, ...], passes: tuple[Step, ...], deadly: str) -> tuple[str, ...]:
    if not any(is_schedule(step.name) for step in passes):
        return tuple(pass_source(step) for step in passes)
    under = replace(case, pipeline=Pipeline(settings))
    found = list[str]()
    for place, step in enumerate(passes):
        given = program_after(under, passes[:place]) if is_schedule(step.name) else None
        if given is None:
            found.append(pass_source(step))
            continue
        made = None if step.name == deadly else program_after(under, passes[: place + 1])
        # TVM raises where a primitive does not apply.
        applies = made is None or not adapter.equal(made.func, given.func)
        # Where TVM raises before a primitive is called, making the schedule is what it raises in.
        found.append((attempted(pass_source, step, given.func) or pass_source(step)) if applies else "")
    return tuple(found)


def functions(way: Way, runs: bool = False) -> list[str]:
    """The functions that the expressions below call, and, if it `runs`, the one that compiles and runs a module.

    That one needs `np` and `INPUTS`, a dictionary of arrays and numbers in the order of the parameters.
    """
    found: list[str] = []
    context = context_source(way.settings)
    under = f"    with {context}:\n    " if context else ""
    target = target_source(way.settings)
    if way.guilty is not None or way.passes:
        found.append(_BOUND.format(target=target))
        if any(source.startswith("scheduled(") for source in way.sources):
            found.append(_SCHEDULED)
        if _in_sequence(way, _of_passes(way)) or _in_sequence(way, _of_guilty(way)):
            found.append(_APPLIED.format(context=under))
    if way.end == CODEGEN:
        found.append(_GENERATED.format(context=under, target=target, kind=_kind(way)))
    if way.end is not None and _kind(way) == "c":
        found.append(_LOADED.format(compiler=compiler() or "cc", options=list(OPTIONS)))
    if runs:
        found.append(_RUN.format(context=under, made=_made(way, "mod")))
    return found


def module(way: Way) -> str:
    """An expression: the module that is compiled."""
    if way.guilty is None and not way.passes:
        return 'tvm.IRModule({"main": main})'
    return after(way, before(way)) if way.guilty is not None else before(way)


def before(way: Way) -> str:
    """An expression: the module that the guilty pass takes."""
    return _applied(way, _of_passes(way), "bound(main)")


def after(way: Way, given: str) -> str:
    """An expression: the module that the guilty pass gives for a module."""
    return _applied(way, _of_guilty(way), given)


def _applied(way: Way, sources: list[str], given: str) -> str:
    if not sources:
        return given
    return f"applied({given}, [{', '.join(sources)}])" if _in_sequence(way, sources) else f"{sources[0]}({given})"


def _of_passes(way: Way) -> list[str]:
    return [source for source in way.sources[: len(way.passes)] if source]


def _of_guilty(way: Way) -> list[str]:
    return [source for source in way.sources[len(way.passes) :] if source]


def _in_sequence(way: Way, sources: list[str]) -> bool:
    # Only within a sequence does TVM look at the level of a pass and at what is disabled.
    return len(sources) > 1 or (len(sources) == 1 and bool(context_source(way.settings)))


def built(way: Way) -> str:
    """A statement that compiles."""
    call = _made(way, module(way))
    context = context_source(way.settings)
    return f"with {context}:\n            {call}" if context else call


def _made(way: Way, given: str) -> str:
    """An expression: the library that is made of a module."""
    build = f"tvm.compile({given}, target={target_source(way.settings)})"
    library = f"generated({given})" if way.end == CODEGEN else build
    return f"loaded({library})" if _kind(way) == "c" else library


def _kind(way: Way) -> object:
    return dict(settings_of(Pipeline(way.settings)).target)["kind"]


_BOUND = '''def bound(func):
    """The module that passes take: a function with its target."""
    target = tvm.target.Target({target})
    return tvm.tirx.transform.BindTarget(target.with_host(target))(tvm.IRModule({{"main": func}}))'''

_SCHEDULED = '''def scheduled(primitive):
    """The pass that applies a primitive of schedules."""

    @tvm.transform.module_pass(opt_level=0)
    def apply(mod, context):
        sch = tvm.s_tir.Schedule(mod)
        primitive(sch)
        return sch.mod

    return apply'''

_APPLIED = '''def applied(mod, passes):
    """The module after passes."""
{context}    return tvm.transform.Sequential(passes)(mod)'''

_GENERATED = '''def generated(mod):
    """The library that the code generator makes of a module that is lowered."""
    target = tvm.target.Target({target})
    mod = tvm.s_tir.transform.RewriteUnsafeSelect()(mod)
{context}    return tvm.get_global_func("target.build.{kind}")(mod, target.with_host(target))'''

_LOADED = '''def loaded(library):
    """A library that is C source, compiled and loaded."""
    path = os.path.join(tempfile.mkdtemp(), "lib.so")
    library.export_library(path, cc="{compiler}", options={options})
    return tvm.runtime.load_module(path)'''

_RUN = '''def run(mod):
    """What the buffers hold after the compiled code has run."""
{context}    compiled = {made}
    given = [tvm.runtime.tensor(x) if isinstance(x, np.ndarray) else x for x in INPUTS.values()]
    compiled["main"](*given)
    return {{name: x.numpy() for name, x in zip(INPUTS, given) if hasattr(x, "numpy")}}'''
