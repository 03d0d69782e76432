"""`tensorsmith targets`, `oracles` and `mutators`: what there is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from tensorsmith.fuzz.cli.options import JsonOption
from tensorsmith.fuzz.cli.output import print_json, print_table


class _Entry(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...


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
                    "knobs": [knob.name for knob in target.knobs()],
                    "missing": missing[target.name],
                }
                for target in all_targets()
            ]
        )
        return
    print_table(
        ("target", "devices", "knobs", "what it is"),
        ((t.name, " ".join(t.devices), str(len(t.knobs())), t.summary) for t in all_targets()),
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
