"""The targets there are. A new one is a file and a line here; a third party's comes through an entry point."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from typing import cast

from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError
from tensorsmith.ir.testcase import Device
from tensorsmith.targets.api import GraphTarget, Target
from tensorsmith.targets.eager import Eager
from tensorsmith.targets.inductor.target import Inductor
from tensorsmith.targets.meta import Meta
from tensorsmith.targets.onnxruntime.target import OnnxRuntime
from tensorsmith.targets.torch_backend import TorchBackend
from tensorsmith.targets.tvm.relax.target import relax_targets
from tensorsmith.targets.tvm.target import TvmTir

ENTRY_POINTS = "tensorsmith.targets"

TARGETS: tuple[Target, ...] = (
    Inductor(),
    TorchBackend("aot_eager", "aot_eager", "Dynamo and AOTAutograd, then eager: functionalization without Inductor"),
    Eager(),
    Meta(),
    TvmTir(),
    *relax_targets(),
    OnnxRuntime(),
)

# Prefixes of names that stand for a family of targets.
FAMILIES: tuple[tuple[str, Callable[[str], GraphTarget]], ...] = (
    ("torch:", lambda name: TorchBackend(f"torch:{name}", name, f"the torch.compile backend `{name}`")),
)


@cache
def all_targets() -> tuple[Target, ...]:
    """The list, and what other packages add under the entry-point group `tensorsmith.targets`."""
    return TARGETS + tuple(point.load() for point in entry_points(group=ENTRY_POINTS))


def find_target(name: str) -> Target:
    """The target of a name, from the list, a family such as `torch:<backend>`, or an entry point.

    Raises:
        InvalidInputError: there is none of that name.
    """
    for target in TARGETS:
        if target.name == name:
            return target
    for prefix, make in FAMILIES:
        if name.startswith(prefix) and len(name) > len(prefix):
            return make(name.removeprefix(prefix))
    for point in entry_points(group=ENTRY_POINTS, name=name):
        found: Target = point.load()
        return found
    known = ", ".join([t.name for t in TARGETS] + [f"{prefix}NAME" for prefix, _ in FAMILIES])
    raise InvalidInputError(f"unknown target `{name}`; known targets: {known}")


def graph_target(name: str) -> GraphTarget:
    """The target of a name, which compiles graphs.

    Raises:
        InvalidInputError: there is none of that name, or it compiles another kind of program.
    """
    found = find_target(name)
    if found.programs != "graph":
        raise InvalidInputError(
            f"target `{name}` compiles programs of {found.programs.upper()}, not graphs of operators"
        )
    return cast("GraphTarget", found)


def usable_target(name: str, device: Device) -> Target:
    """The target of a name, if it can run here.

    Raises:
        InvalidInputError: there is none of that name.
        EnvironmentLacksError: it cannot run here; the message has the remedy.
    """
    target = find_target(name)
    if device not in target.devices:
        raise EnvironmentLacksError(f"target `{name}` does not run on {device}; it runs on {', '.join(target.devices)}")
    missing = target.missing(device)
    if missing is not None:
        raise EnvironmentLacksError(f"target `{name}`: {missing}")
    return target
