"""Running passes, one at a time, under the settings of a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.passes.make import make_pass
from tensorsmith.targets.tvm.passes.settings import Fields, Settings, settings_of


@dataclass(frozen=True)
class Context:
    """What passes run under.

    Attributes:
        target: TVM's target, with itself as its host.
        pass_context: TVM's PassContext.
    """

    target: Any
    pass_context: Any


def prepare(func: Any, pipeline: Pipeline) -> tuple[Any, Context]:
    """The module that the first pass of a pipeline takes, and what its passes run under.

    Args:
        func: a PrimFunc, or an IRModule.
        pipeline: whose settings count.

    Raises:
        InvalidInputError: a setting is unknown, or has a value that TVM does not take.
    """
    context = context_of(settings_of(pipeline))
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


def build_module(module: Any, context: Context) -> Any:
    """What TVM's default pipeline and code generator make of a module: of TIR functions a library, of Relax an
    executable.

    Raises:
        whatever TVM raises.
    """
    with context.pass_context:
        return adapter.build_module(module, context.target)


@lru_cache(256)
def context_of(settings: Settings) -> Context:
    """TVM's objects for settings.

    Raises:
        InvalidInputError: a setting has a value that TVM does not take.
    """
    config = {"tirx.disable_assert": True} | {key: _value(fields) for key, fields in settings.config}
    disabled = [make_pass(Step(name)).info.name for name in settings.disabled]
    return Context(adapter.target(dict(settings.target)), adapter.pass_context(config, settings.opt_level, disabled))


def _value(fields: Fields) -> Any:
    named = dict(fields)
    return named["value"] if named.keys() == {"value"} else named


@lru_cache(1024)
def _in_sequence(made: Any) -> Any:
    # Only within a sequence does TVM look at the level of a pass and at what is disabled.
    return adapter.in_sequence(made)
