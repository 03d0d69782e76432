"""Running passes, one at a time, under the settings of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.targets.tvm import adapter, build
from tensorsmith.targets.tvm.passes.catalog import PASSES
from tensorsmith.targets.tvm.passes.defaults import DEFAULT_LOWERING
from tensorsmith.targets.tvm.passes.entry import PassEntry
from tensorsmith.targets.tvm.passes.make import make_pass
from tensorsmith.targets.tvm.passes.settings import Fields, Settings, passes_in, settings_of

_DEFAULT = frozenset(step.name for step in DEFAULT_LOWERING)
_instruments: list[Any] = []


@dataclass(frozen=True)
class Context:
    """What passes run under.

    Attributes:
        target: TVM's target, with itself as its host.
        pass_context: TVM's PassContext.
        build_context: the PassContext to build under when the passes of the pipeline have run: it leaves out the passes
            of the default pipeline that may not run again then.
    """

    target: Any
    pass_context: Any
    build_context: Any


def prepare(func: Any, pipeline: Pipeline) -> tuple[Any, Context]:
    """The module that the first pass of a pipeline takes, and what its passes run under.

    Args:
        func: a PrimFunc, or an IRModule.
        pipeline: whose settings count.

    Raises:
        InvalidInputError: a setting is unknown, or has a value that TVM does not take.
    """
    context = context_of(settings_of(pipeline), illegal_again(pipeline))
    module = func if adapter.is_module(func) else adapter.module(func)
    return adapter.passes_of("tirx").BindTarget(context.target)(module), context


def apply_pass(module: Any, step: Step, context: Context) -> Any:
    """The module after a pass; the module given stays as it is.

    A pass that the settings disable, or that is of a higher level than theirs, does nothing.

    Raises:
        InvalidInputError: there is no such pass.
        whatever TVM raises.
    """
    with context.target, context.pass_context:
        return _in_sequence(make_pass(step))(module)


def build_module(module: Any, context: Context, relax_steps: Sequence[Step] | None = None) -> Any:
    """What TVM's default pipeline and code generator make of a module: of TIR functions a library, of Relax an
    executable.

    Args:
        module: an IRModule.
        context: that of the pipeline whose passes have run.
        relax_steps: the passes that run on functions of Relax; None: those of `tvm.compile`.

    Raises:
        whatever TVM raises.
    """
    passes = None if relax_steps is None else [make_pass(step) for step in relax_steps]
    with context.build_context:
        return build.build_module(module, context.target, passes)


def generate_code(module: Any, context: Context) -> Any:
    """What TVM's code generator makes of a module whose functions are lowered and packed: a library.

    Selections of which only the value that is kept may be read become branches first, as in the default pipeline:
    passes that have run since the last `RewriteUnsafeSelect` may have made some.

    Raises:
        whatever TVM raises.
    """
    safe = make_pass(Step("s_tir.RewriteUnsafeSelect"))(module)
    with context.target, context.pass_context:
        return build.generate_code(safe, context.target)


@lru_cache(256)
def context_of(settings: Settings, not_in_build: tuple[str, ...] = ()) -> Context:
    """TVM's objects for settings.

    Args:
        settings: of a pipeline.
        not_in_build: names of passes that a build leaves out besides those that are disabled.

    Raises:
        InvalidInputError: a setting has a value that TVM does not take.
    """
    config = {"tirx.disable_assert": True} | {key: _value(fields) for key, fields in settings.config}
    disabled = [make_pass(Step(name)).info.name for name in settings.disabled]
    absent = [make_pass(Step(name)).info.name for name in not_in_build]
    return Context(
        build.target(dict(settings.target)),
        build.pass_context(config, settings.opt_level, disabled, _instruments),
        build.pass_context(config, settings.opt_level, [*disabled, *absent], _instruments),
    )


def instrument_passes(instrument: Any) -> None:
    """Have all passes of this process told to an instrument of TVM, those within a build too, from now on."""
    _instruments.append(instrument)
    context_of.cache_clear()


def illegal_again(pipeline: Pipeline) -> tuple[str, ...]:
    """The passes of TIR's default pipeline that `build` would run after passes that they must run before.

    They are of use for code that they have seen already. Those that others rely on are not among them.
    """
    names = {step.name for step in passes_in(pipeline)}
    return tuple(entry.name for entry in _run_by_build() if not names.isdisjoint(entry.before))


@cache
def _run_by_build() -> tuple[PassEntry, ...]:
    relied_on = {name for entry in PASSES for name in entry.requires}
    return tuple(entry for entry in PASSES if entry.name in _DEFAULT - relied_on)


def _value(fields: Fields) -> Any:
    named = dict(fields)
    return named["value"] if named.keys() == {"value"} else named


@lru_cache(1024)
def _in_sequence(made: Any) -> Any:
    # Only within a sequence does TVM look at the level of a pass and at what is disabled.
    return adapter.in_sequence(made)
