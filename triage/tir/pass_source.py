"""Passes and their settings as Python source."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from tensorsmith.ir.pipeline import Parameter, Pipeline, Step
from tensorsmith.targets.tvm.passes.catalog import added_make, find_pass
from tensorsmith.targets.tvm.passes.make import make_pass
from tensorsmith.targets.tvm.passes.schedule import DIALECT, is_schedule, source_of
from tensorsmith.targets.tvm.passes.settings import DEFAULT_OPT_LEVEL, Settings, settings_of
from tensorsmith.triage.registrations import import_source


def pass_source(step: Step, func: Any = None) -> str:
    """An expression that gives the pass of a step; needs `tvm`, and for passes that were added `added_imports`.

    Args:
        step: a pass.
        func: the function that it takes, which says what a primitive of schedules is called with. Such an expression
            calls `scheduled`, which makes a pass of what is done to a schedule.

    Raises:
        InvalidInputError: there is no such pass.
    """
    entry = find_pass(step.name)
    given = dict(step.parameters)
    arguments = [(name, given.get(name, values[0])) for name, values in entry.arguments]
    if is_schedule(step.name):
        call = None if func is None else source_of(func, step.name.removeprefix(f"{DIALECT}."), dict(arguments))
        return f"scheduled(lambda sch: {call})"
    if added_make(step.name) is not None:
        return f"added_make({step.name!r})({', '.join(f'{name}={value!r}' for name, value in arguments)})"
    dialect, _, constructor = step.name.rpartition(".")
    where = f"tvm.{dialect}" if dialect == "relax.backend" else f"tvm.{dialect}.transform"
    return f"{where}.{constructor}({', '.join(f'{name}={_plain(value)!r}' for name, value in arguments)})"


def added_imports(pipeline: Pipeline) -> list[str]:
    """Statements that import what registers passes which are not TVM's own; none if there are none in the pipeline."""
    makers = [added_make(step.name) for step in pipeline.steps]
    names = dict.fromkeys(make.__module__ for make in makers if make is not None)
    if not names:
        return []
    known = "from tensorsmith.targets.tvm.passes.catalog import added_make"
    return [known, *(import_source(sys.modules[name]) for name in names)]


def target_source(steps: Sequence[Step]) -> str:
    """An expression that `tvm.target.Target` takes, for the target among settings."""
    attributes = {name: _plain(value) for name, value in _settings(steps).target}
    return '"llvm"' if attributes == {"kind": "llvm"} else repr(attributes)


def context_source(steps: Sequence[Step]) -> str:
    """An expression that gives the PassContext of settings; empty where it is TVM's default."""
    settings = _settings(steps)
    arguments: list[str] = []
    if settings.opt_level != DEFAULT_OPT_LEVEL:
        arguments.append(f"opt_level={settings.opt_level}")
    if settings.config:
        config = {key: _config(dict(fields)) for key, fields in settings.config}
        arguments.append(f"config={config!r}")
    if settings.disabled:
        # TVM's own names of passes, by which it leaves them out.
        names = [str(make_pass(Step(name)).info.name) for name in settings.disabled]
        arguments.append(f"disabled_pass={names!r}")
    return f"tvm.transform.PassContext({', '.join(arguments)})" if arguments else ""


def _settings(steps: Sequence[Step]) -> Settings:
    return settings_of(Pipeline(tuple(steps)))


def _config(fields: dict[str, Parameter]) -> object:
    return _plain(fields["value"]) if fields.keys() == {"value"} else {k: _plain(v) for k, v in fields.items()}


def _plain(value: Parameter) -> object:
    return list(value) if isinstance(value, tuple) else value
