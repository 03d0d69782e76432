"""TVM's pass objects, made from steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from tensorsmith.ir.pipeline import Parameter, Step
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.passes.catalog import added_make, find_pass
from tensorsmith.targets.tvm.passes.schedule import DIALECT, schedule_pass

_KEPT = 1024


def make_pass(step: Step) -> Any:
    """The pass of a step, with those of its constructor's arguments that the step does not name at their first value.

    Raises:
        InvalidInputError: there is no such pass.
    """
    entry = find_pass(step.name)
    given = dict(step.parameters)
    arguments = tuple((name, given.get(name, values[0])) for name, values in entry.arguments)
    make = added_make(step.name)
    return _made(step.name, arguments) if make is None else _added(make, arguments)


@lru_cache(_KEPT)
def _added(make: Callable[..., Any], arguments: tuple[tuple[str, Parameter], ...]) -> Any:
    return make(**dict(arguments))


@lru_cache(_KEPT)
def _made(name: str, arguments: tuple[tuple[str, Parameter], ...]) -> Any:
    special = _SPECIAL.get(name)
    if special is not None:
        return special(dict(arguments))
    dialect, _, constructor = name.rpartition(".")
    if dialect == DIALECT:
        return schedule_pass(constructor, dict(arguments))
    return getattr(adapter.passes_of(dialect), constructor)(**dict(arguments))


def _convert_layout(arguments: Mapping[str, Parameter]) -> Any:
    """Of two-dimensional convolutions, with the layout of the weights that goes with the layout of the data."""
    layout = str(arguments["layout"])
    weights = {"NCHW": "OIHW", "NHWC": "OHWI"}[layout]
    return adapter.passes_of("relax").ConvertLayout({"relax.nn.conv2d": [layout, weights]})


_SPECIAL: dict[str, Callable[[Mapping[str, Parameter]], Any]] = {"relax.ConvertLayout": _convert_layout}
