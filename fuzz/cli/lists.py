"""`tensorsmith ops`, `targets`, `oracles` and `mutators`: what there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from tensorsmith.fuzz.cli.options import JsonOption
from tensorsmith.fuzz.cli.output import print_json, print_table
from tensorsmith.ir.errors import InvalidInputError


class _Entry(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...


def ops(json: JsonOption = False) -> None:
    """List the operators that random programs are made of, and with --json those left out too, with the reason.

    Example: tensorsmith ops --json
    """
    from tensorsmith.generators.table import load_table

    entries = load_table()
    if not json:
        cells = ((e.op, e.group, str(len(e.records)), " ".join(e.dtypes)) for e in entries)
        print_table(("operator", "group", "calls seen", "dtypes"), cells)
        return
    used = {entry.op for entry in entries}
    rows = [_operator(entry.op, len(entry.records), None) for entry in entries]
    rows += [_operator(op, 0, reason) for op, reason in _left_out() if op not in used]
    print_json(rows)


def _left_out() -> Iterator[tuple[str, str]]:
    """ATen's operators that the rules exclude, or that no sample of PyTorch's own tests calls in a usable way."""
    import torch

    from tensorsmith.generators.exclusions import exclusion_reason

    for schema in torch._C._jit_get_all_schemas():
        if schema.name.startswith("aten::"):
            op = f"aten.{schema.name.removeprefix('aten::')}.{schema.overload_name or 'default'}"
            try:
                yield op, exclusion_reason(op) or "no-usable-sample"
            except InvalidInputError:
                continue  # TorchScript's own, on numbers and lists


def targets(json: JsonOption = False) -> None:
    """List the compilers that can be tested, and what each one lacks here.

    Example: tensorsmith targets
    """
    from tensorsmith.targets.registry import TARGETS

    missing = {
        target.name: {device: reason for device in target.devices if (reason := target.missing(device))}
        for target in TARGETS
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
                for target in TARGETS
            ]
        )
        return
    print_table(
        ("target", "devices", "knobs", "what it is"),
        ((t.name, " ".join(t.devices), str(len(t.knobs())), t.summary) for t in TARGETS),
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


def _operator(op: str, accepts: int, reason_excluded: str | None) -> dict[str, Any]:
    """`accepts` counts sample calls that work; the figures of inferred rules are null as long as none are inferred."""
    name, _, overload = op.rpartition(".")
    return {
        "name": name,
        "overload": overload,
        "precision": None,
        "recall": None,
        "accepts": accepts,
        "rejects": None,
        "reason_excluded": reason_excluded,
    }
