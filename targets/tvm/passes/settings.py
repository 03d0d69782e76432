"""What TVM is told besides the passes: settings of its PassContext and of its target, as steps and as data.

Settings stand before the passes of a pipeline:
    `config:<key>`     a key of the PassContext: its `value`, or the fields of its structure
    `opt-level`        of the PassContext, its `value`
    `disable:<pass>`   a pass that is left out wherever it would run
    `target`           attributes of the target
    `free-order`       the passes follow no constraints: only crashes count
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.pipeline import Parameter, Pipeline, Step
from tensorsmith.targets.tvm.passes.catalog import find_pass

CONFIG, DISABLE = "config:", "disable:"
OPT_LEVEL, TARGET, FREE_ORDER = "opt-level", "target", "free-order"
DEFAULT_OPT_LEVEL = 2

Fields: TypeAlias = tuple[tuple[str, Parameter], ...]


@dataclass(frozen=True)
class Settings:
    """The settings of a pipeline.

    Attributes:
        config: keys of the PassContext, each with its fields; one field `value` for a key that is no structure.
        opt_level: of the PassContext, 0 to 3.
        disabled: names of passes, in order of names.
        target: attributes of the target, `kind` among them.
        free_order: whether the order of the passes follows no constraints.
    """

    config: tuple[tuple[str, Fields], ...] = ()
    opt_level: int = DEFAULT_OPT_LEVEL
    disabled: tuple[str, ...] = ()
    target: Fields = (("kind", "llvm"),)
    free_order: bool = False


def is_setting(step: Step) -> bool:
    """Whether a step is a setting, and not a pass, `build` or `codegen`."""
    return step.name in (OPT_LEVEL, TARGET, FREE_ORDER) or step.name.startswith((CONFIG, DISABLE))


def settings_in(pipeline: Pipeline) -> tuple[Step, ...]:
    """The steps of a pipeline that are settings, in order."""
    return tuple(step for step in pipeline.steps if is_setting(step))


def passes_in(pipeline: Pipeline) -> tuple[Step, ...]:
    """The steps of a pipeline that are passes, `build` or `codegen`, in order."""
    return tuple(step for step in pipeline.steps if not is_setting(step))


def settings_of(pipeline: Pipeline) -> Settings:
    """The settings of a pipeline; of two for one thing the later counts.

    Raises:
        InvalidInputError: a disabled pass is unknown, or an opt-level is no number from 0 to 3.
    """
    config: dict[str, Fields] = {}
    disabled: set[str] = set()
    opt_level, target, free_order = DEFAULT_OPT_LEVEL, dict(Settings().target), False
    for step in settings_in(pipeline):
        if step.name == OPT_LEVEL:
            opt_level = _level(step)
        elif step.name == TARGET:
            target |= dict(step.parameters)
        elif step.name == FREE_ORDER:
            free_order = True
        elif step.name.startswith(DISABLE):
            disabled.add(find_pass(step.name.removeprefix(DISABLE)).name)
        else:
            config[step.name.removeprefix(CONFIG)] = step.parameters
    return Settings(
        tuple(sorted(config.items(), key=lambda item: item[0])),
        opt_level,
        tuple(sorted(disabled)),
        tuple(target.items()),
        free_order,
    )


def _level(step: Step) -> int:
    value = dict(step.parameters).get("value")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 3:
        raise InvalidInputError(f"step `{step.name}`: `value` is {value!r}, not a number from 0 to 3")
    return value
