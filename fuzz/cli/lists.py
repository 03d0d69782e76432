"""`tensorsmith targets`, `oracles` and `mutators`: what there is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from tensorsmith.fuzz.cli.options import JsonOption
from tensorsmith.fuzz.cli.output import print_json, print_table

if TYPE_CHECKING:
    from tensorsmith.targets.api import Target


class _Entry(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...


def _steps(target: Target) -> list[str]:
    """What the pipelines of a target may hold: knobs, or passes."""
    if target.programs == "tir":
        from tensorsmith.targets.tvm.passes.catalog import passes

        return [entry.name for entry in passes() if entry.kind == "tir"]
    from tensorsmith.targets.registry import graph_target

    return [knob.name for knob in graph_target(target.name).knobs()]


def targets(json: JsonOption = False) -> None:
    """List the compilers that can be tested, and what each one lacks here.

    Example: tensorsmith targets
    """
    from tensorsmith.targets.registry import all_targets

    missing = {
        target.name: {device: reason for device in target.devices if (reason := target.missing(device))}
        for target in all_targets()
    }
    if json:
        print_json(
            [
                {
                    "name": target.name,
                    "summary": target.summary,
                    "devices": target.devices,
                    "knobs": _steps(target),
                    "missing": missing[target.name],
                }
                for target in all_targets()
            ]
        )
        return
    print_table(
        ("target", "devices", "steps", "what it is"),
        ((t.name, " ".join(t.devices), str(len(_steps(t))), t.summary) for t in all_targets()),
    )
    reasons = {f"no {device}: {reason}" for by_device in missing.values() for device, reason in by_device.items()}
    print("\n".join(sorted(reasons)))


def oracles(json: JsonOption = False) -> None:
    """List the judges, and the property that each one judges.

    Example: tensorsmith oracles
    """
    from tensorsmith.oracles.registry import all_oracles

    _print_entries("oracle", all_oracles(), json)


def mutators(json: JsonOption = False) -> None:
    """List the mutators, and what each one does to a test case.

    Example: tensorsmith mutators
    """
    from tensorsmith.mutators.registry import all_mutators

    _print_entries("mutator", all_mutators(), json)


def _print_entries(kind: str, entries: Iterable[_Entry], as_json: bool) -> None:
    if as_json:
        print_json([{"name": entry.name, "summary": entry.summary} for entry in entries])
    else:
        print_table((kind, "what it does"), ((entry.name, entry.summary) for entry in entries))
